package io.penumbra.adapter.traffic.gateway;

/** What came of asking for quiet before a cut. */
public sealed interface Hold {

  /**
   * Nothing is forwarded until {@link GatewayControl#cut} or {@link GatewayControl#cancelCut}.
   *
   * @param outstanding requests that the VM has not answered; 0 is quiet
   * @param waitedMicros how long it took
   */
  record Held(int outstanding, long waitedMicros) implements Hold {

    /** Whether an epoch cut now holds every request whole or not at all. */
    public boolean quiet() {
      return outstanding == 0;
    }
  }

  /** No cut can be made now. */
  record Refused(String why) implements Hold {}
}
