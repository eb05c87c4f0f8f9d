/** {@code penumbra sync}: keeps a copy of a changing image current, on this machine or another. */
@NullMarked
package io.penumbra.app.sync;

import org.jspecify.annotations.NullMarked;
