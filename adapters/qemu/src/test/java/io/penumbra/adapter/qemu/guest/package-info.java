/** Tests of {@code io.penumbra.adapter.qemu.guest}. */
@NullMarked
package io.penumbra.adapter.qemu.guest;

import org.jspecify.annotations.NullMarked;
