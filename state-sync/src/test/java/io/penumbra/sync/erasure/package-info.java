/** The erasure code under test: all kernels, any loss. */
@NullMarked
package io.penumbra.sync.erasure;

import org.jspecify.annotations.NullMarked;
