package io.penumbra.sync.route;

/**
 * A frame that could not be delivered. What was in it stays out of logs; the session will notice
 * the loss and send its pages again.
 *
 * @param stage the route that gave it up
 * @param bytes its length
 * @param reason what went wrong at last
 */
public record DeadLetter(String stage, int bytes, String reason) {}
