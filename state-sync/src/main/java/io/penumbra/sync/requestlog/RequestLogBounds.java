package io.penumbra.sync.requestlog;

import io.penumbra.domain.Guard;

/**
 * How much a log may hold. When it is full it admits no more: the gateway stops reading from
 * clients, and TCP passes that on to them.
 *
 * @param requestsMax how many requests, answered or not
 * @param bytesMax of requests and of held responses together
 * @param epochsKept how many acked epochs before the newest one can still be taken over from with
 *     replay; 0 keeps just the newest
 */
public record RequestLogBounds(int requestsMax, long bytesMax, int epochsKept) {

  public RequestLogBounds {
    Guard.positive("requestsMax", requestsMax);
    Guard.positive("bytesMax", (double) bytesMax);
    Guard.notNegative("epochsKept", epochsKept);
  }
}
