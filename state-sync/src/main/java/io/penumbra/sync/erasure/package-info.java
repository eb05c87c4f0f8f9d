/**
 * Reed-Solomon erasure code over GF(2^8): any {@code data} of {@code data + parity} shards give the
 * bytes back. Three kernels do the arithmetic (ISA-L where it is installed, the Vector API, plain
 * Java), and all of them give the same bytes.
 */
@NullMarked
package io.penumbra.sync.erasure;

import org.jspecify.annotations.NullMarked;
