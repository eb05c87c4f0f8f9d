/**
 * Shadows of a guest: warm, a QEMU that waits with memory and disks in place; cold, stored chunks
 * that are made into a guest when it is needed.
 */
@NullMarked
package io.penumbra.adapter.qemu.shadow;

import org.jspecify.annotations.NullMarked;
