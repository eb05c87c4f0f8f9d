/** The commands that simulate: {@code demo}, {@code simulate} and {@code soak}. */
@NullMarked
package io.penumbra.app.simulate;

import org.jspecify.annotations.NullMarked;
