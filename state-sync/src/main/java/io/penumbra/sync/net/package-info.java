/** How frames travel between the two ends: a link that may lose them, and tells of a new peer. */
@NullMarked
package io.penumbra.sync.net;

import org.jspecify.annotations.NullMarked;
