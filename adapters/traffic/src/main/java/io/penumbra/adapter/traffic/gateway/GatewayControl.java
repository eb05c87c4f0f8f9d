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
   * The same for whoever may have asked before and not heard the answer: a VM goes on under each
   * term once, so asked again for that term this joins the takeover that is under way, or says what
   * came of it. What was replayed is not replayed a second time, unless it had failed.
   */
  default TakeoverOutcome takeOver(InetSocketAddress backend, long epoch, long term) {
    return takeOver(backend, epoch);
  }

  /**
   * The service is at another address, and nothing is replayed. Connections with requests under way
   * are closed.
   */
  TakeoverOutcome redirect(InetSocketAddress backend);

  /** There is no shadow any more: drops the log, lets held responses go, passes everything. */
  void unprotect(String why);

  /**
   * Keeps every request and its answer from the next cut on at which nothing is under way; one such
   * wish at a time.
   *
   * @param wait for such a cut, at most
   */
  default Listening listen(Duration wait) {
    return new Listening.Refused("this gateway keeps nothing");
  }

  /**
   * Tells a copy of the VM, which goes on from the epoch that {@link #listen} has named, what the
   * VM was told since, and compares the answers. Nothing is kept any more then.
   *
   * @param patience with each answer of the copy
   */
  default Comparison compare(InetSocketAddress copy, Duration patience) {
    return new Comparison.Refused("nobody has listened");
  }

  /** Counts and states. */
  GatewayMetrics metrics();
}
