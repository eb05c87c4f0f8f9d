/** Tests of {@code penumbra store}. */
@NullMarked
package io.penumbra.app.store;

import org.jspecify.annotations.NullMarked;
