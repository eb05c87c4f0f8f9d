/** How long work is shown. */
@NullMarked
package io.penumbra.app.progress;

import org.jspecify.annotations.NullMarked;
