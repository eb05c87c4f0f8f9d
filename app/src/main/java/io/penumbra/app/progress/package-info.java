/** How long work is shown: a bar with rate and time left on a terminal, a few lines elsewhere. */
@NullMarked
package io.penumbra.app.progress;

import org.jspecify.annotations.NullMarked;
