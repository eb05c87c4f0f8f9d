package io.penumbra.adapter.traffic.gateway;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * What the agent beside the VM says to a gateway. For each epoch: {@link #beginCut}, pause the VM
 * and capture it, {@link #cut}, resume; when the shadow has it, {@link #acked}. The capture must
 * lie between the two calls: whatever is forwarded after {@code cut} must not be in the epoch.
 */
public interface GatewayControl {

  /**
   * Stops forwarding and waits until the VM has answered everything.
   *
   * @param wait how long at most; then the cut may still be made, with requests in doubt
   */
  Hold beginCut(Duration wait);

  /** The VM's state was captured as this epoch since {@link #beginCut}; forwards again. */
  Cut cut(long epoch);

  /** There is no epoch after all; forwards again. */
  void cancelCut();

  /**
   * The epoch is durable and verified at the shadow.
   *
   * @return how many responses left
   */
  int acked(long epoch);

  /**
   * The VM goes on behind another address from the state of an epoch, and the old one is fenced.
   * Replays, then forwards again; returns when that is done.
   */
  TakeoverOutcome takeOver(InetSocketAddress backend, long epoch);

  /**
   * The service is at another address, and nothing is replayed. Connections with requests under way
   * are closed.
   */
  TakeoverOutcome redirect(InetSocketAddress backend);

  /** There is no shadow any more: drops the log, lets held responses go, passes everything. */
  void unprotect(String why);

  /** Counts and states. */
  GatewayMetrics metrics();
}
