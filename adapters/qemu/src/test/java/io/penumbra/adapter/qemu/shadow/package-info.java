/** Tests of {@code io.penumbra.adapter.qemu.shadow}. */
@NullMarked
package io.penumbra.adapter.qemu.shadow;

import org.jspecify.annotations.NullMarked;
