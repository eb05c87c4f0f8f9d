/**
 * Proof that the other end of a connection has the key: a fresh key per connection, and a tag on
 * every header, so that a stranger can neither greet nor ack nor slip anything in. It hides
 * nothing; what is in a shard was encrypted before.
 */
@NullMarked
package io.penumbra.sync.path.seal;

import org.jspecify.annotations.NullMarked;
