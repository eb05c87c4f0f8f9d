/**
 * Several ways to the other host, used as one: a model that forecasts each path's delay, bandwidth,
 * loss and stability, the choice of an erasure code that outlives the loss of a path, and a
 * dispatch that sends each shard where it will arrive first. Pure: time is an argument, sockets are
 * {@code .tcp}'s and threads {@code .link}'s.
 */
@NullMarked
package io.penumbra.sync.path;

import org.jspecify.annotations.NullMarked;
