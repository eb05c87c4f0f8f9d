/**
 * Recorded or made-up behaviour of paths, played against the real dispatch in virtual time: how the
 * ways to place shards are compared.
 */
@NullMarked
package io.penumbra.sync.path.replay;

import org.jspecify.annotations.NullMarked;
