/** Paths over TCP, with blocking channels: two threads a path, which are few. */
@NullMarked
package io.penumbra.sync.path.tcp;

import org.jspecify.annotations.NullMarked;
