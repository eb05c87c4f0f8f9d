/**
 * What the control loop asks of the world. Every command carries an idempotency key; its outcome
 * comes back as an event.
 */
@NullMarked
package io.penumbra.domain.command;

import org.jspecify.annotations.NullMarked;
