/**
 * As much of NBD as is needed to read a disk out of a running QEMU, and to ask it which blocks were
 * written (the protocol: github.com/NetworkBlockDevice/nbd, doc/proto.md; the bitmaps: QEMU's
 * docs/interop/nbd.rst).
 */
@NullMarked
package io.penumbra.adapter.qemu.nbd;

import org.jspecify.annotations.NullMarked;
