/** Tests of {@code io.penumbra.adapter.qemu.capture}. */
@NullMarked
package io.penumbra.adapter.qemu.capture;

import org.jspecify.annotations.NullMarked;
