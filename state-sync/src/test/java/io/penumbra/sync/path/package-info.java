/** Path forecasts, code choice, dispatch and reassembly under test, in virtual time. */
@NullMarked
package io.penumbra.sync.path;

import org.jspecify.annotations.NullMarked;
