/**
 * What agents and the controller say to each other: plain records, JSON over HTTP. Ids are strings,
 * instants and durations are written as in ISO 8601, and a value of a sealed type is an object
 * whose only key names it. {@code openapi.json} beside this package describes every route.
 */
@NullMarked
package io.penumbra.adapter.qemu.api;

import org.jspecify.annotations.NullMarked;
