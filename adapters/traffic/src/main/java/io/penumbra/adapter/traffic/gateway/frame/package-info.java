/**
 * Where one request ends and the next begins, and the same for responses: RESP and HTTP/1.1, byte
 * by byte, without I/O. A framer may be fed in any portions and never looks back; damaged input
 * makes it say so, not throw.
 */
@NullMarked
package io.penumbra.adapter.traffic.gateway.frame;

import org.jspecify.annotations.NullMarked;
