/**
 * What goes over one connection of a path: frames with a header of fixed length and its own
 * checksum, so that a broken length is never believed. Big-endian; version 1.
 */
@NullMarked
package io.penumbra.sync.path.wire;

import org.jspecify.annotations.NullMarked;
