/** A small guest to try things with, built from Debian's packages. */
@NullMarked
package io.penumbra.adapter.qemu.image;

import org.jspecify.annotations.NullMarked;
