package io.penumbra.adapter.traffic.gateway;

/** What a gateway promises for the time after a takeover. */
public enum GatewayMode {
  /** Passes bytes. What came after the epoch is lost, and connections break. */
  ASYNC,
  /** Responses leave at once; requests after the epoch are told to the shadow again. */
  REPLAY,
  /** As replay, and a response leaves only after its epoch is acked. */
  OUTPUT_COMMIT
}
