/**
 * Which pages of a guest's memory were written. The kernel knows (PAGEMAP_SCAN, Linux 6.7 and
 * later), if the guest's process has registered its memory for it; docs/decisions/0020 says why
 * this and not something else.
 */
@NullMarked
package io.penumbra.adapter.qemu.dirty;

import org.jspecify.annotations.NullMarked;
