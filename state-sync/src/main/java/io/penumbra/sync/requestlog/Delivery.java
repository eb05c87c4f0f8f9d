package io.penumbra.sync.requestlog;

/**
 * One telling of one request to one incarnation of the VM.
 *
 * @param position in the log: 1 for the first request, then counting up by one
 * @param incarnation how many takeovers there had been; an answer of an earlier one does not count
 */
public record Delivery(long position, int incarnation) {}
