package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.frame.HttpRequests;
import io.penumbra.adapter.traffic.gateway.frame.HttpResponses;
import io.penumbra.adapter.traffic.gateway.frame.RequestReader;
import io.penumbra.adapter.traffic.gateway.frame.RespRequests;
import io.penumbra.adapter.traffic.gateway.frame.RespResponses;
import io.penumbra.adapter.traffic.gateway.frame.ResponseFramer;

/** What the service speaks. */
public enum Protocol {
  /** Redis and its like, RESP2 and RESP3. */
  RESP,
  /** HTTP/1.0 and 1.1. */
  HTTP,
  /** Anything else: no replay, for nobody knows where a request ends. */
  OPAQUE;

  RequestReader requests() {
    return switch (this) {
      case RESP -> new RespRequests();
      case HTTP, OPAQUE -> new HttpRequests();
    };
  }

  ResponseFramer responses() {
    return switch (this) {
      case RESP -> new RespResponses();
      case HTTP, OPAQUE -> new HttpResponses();
    };
  }
}
