/** {@code penumbra decisions}: what placement decided, why, and what it would decide otherwise. */
@NullMarked
package io.penumbra.app.decisions;

import org.jspecify.annotations.NullMarked;
