/**
 * Whole messages over several paths: threads, connections and locks around the pure cores of {@code
 * io.penumbra.sync.path}.
 */
@NullMarked
package io.penumbra.sync.path.link;

import org.jspecify.annotations.NullMarked;
