/**
 * QEMU's machine protocol (docs/interop/qmp-spec.rst in QEMU's sources): one JSON object per line
 * over a unix socket. Commands have a time-out and end in a {@code Reply}; events go to whoever
 * watches for them.
 */
@NullMarked
package io.penumbra.adapter.qemu.qmp;

import org.jspecify.annotations.NullMarked;
