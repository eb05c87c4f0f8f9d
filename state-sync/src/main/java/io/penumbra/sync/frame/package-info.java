/**
 * What the two ends say to each other, and how it looks on the wire: frames that are versioned,
 * checked for length, and either authenticated and encrypted with a VM's key or protected by a
 * checksum. Bytes that are not a frame of ours are refused with a reason; nothing that arrives
 * makes this code throw. The format is written down in {@code docs/frames.md}.
 */
@NullMarked
package io.penumbra.sync.frame;

import org.jspecify.annotations.NullMarked;
