/** {@code penumbra store}: what a chunk store holds, whether it is whole, and how fast it is. */
@NullMarked
package io.penumbra.app.store;

import org.jspecify.annotations.NullMarked;
