/** Measurements. Every figure in the documents was made by something in here. */
@NullMarked
package io.penumbra.benchmarks;

import org.jspecify.annotations.NullMarked;
