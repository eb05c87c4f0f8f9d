/**
 * Name servers by dynamic update (RFC 2136), signed (TSIG, RFC 8945): a change is made only to what
 * was seen before, and counts when every authoritative server shows it.
 */
@NullMarked
package io.penumbra.adapter.traffic.dns;

import org.jspecify.annotations.NullMarked;
