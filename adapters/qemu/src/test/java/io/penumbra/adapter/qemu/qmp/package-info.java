/** Tests of {@code io.penumbra.adapter.qemu.qmp}. */
@NullMarked
package io.penumbra.adapter.qemu.qmp;

import org.jspecify.annotations.NullMarked;
