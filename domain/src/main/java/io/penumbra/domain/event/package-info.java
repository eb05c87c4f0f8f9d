/**
 * What the world tells the control loop. Events are facts: they are never refused, only ordered.
 */
@NullMarked
package io.penumbra.domain.event;

import org.jspecify.annotations.NullMarked;
