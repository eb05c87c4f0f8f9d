/**
 * Stock QEMU/KVM guests: captures them, keeps warm and cold shadows, and the node agent of their
 * host.
 */
@NullMarked
package io.penumbra.adapter.qemu;

import org.jspecify.annotations.NullMarked;
