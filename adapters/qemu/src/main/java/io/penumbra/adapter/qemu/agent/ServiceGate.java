package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.AnswerReport;
import io.penumbra.domain.VmId;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Whoever stands between clients and the guests of this host, and has to know of cuts and acks: the
 * request gateway. Calls come from the threads that capture and replicate, and must be quick.
 */
public interface ServiceGate {

  /** Nobody stands in between. */
  ServiceGate NONE =
      new ServiceGate() {
        @Override
        public long cutting(VmId vm, long epoch, Duration quietWithin) {
          return 0;
        }

        @Override
        public void acked(VmId vm, long epoch) {}

        @Override
        public void promoted(VmId vm, Promotion from, InetSocketAddress address, Arrival arrival) {}
      };

  /**
   * A cut is about to be taken: deliver nothing more to the guest until it is, if it can be done
   * within that time.
   *
   * @return every request before this position of the log has been delivered
   */
  long cutting(VmId vm, long epoch, Duration quietWithin);

  /** The cut that was announced has been taken: the guest runs on. */
  default void cut(VmId vm, long epoch) {}

  /** That epoch, and all before it, are safe with every shadow that could take over. */
  void acked(VmId vm, long epoch);

  /**
   * Whether what clients were told since that epoch was cut would outlive the guest as far as was
   * promised: a gateway begins to keep requests, or to hold answers, at its first cut with nothing
   * under way, and passes everything before.
   */
  default boolean guards(VmId vm, long acked) {
    return true;
  }

  /** How a guest that was promoted here is by now. */
  enum Presence {
    SERVES,
    /** May serve again, and must not be sent clients meanwhile: another may serve. */
    STANDS_STILL,
    GONE
  }

  /** A guest that is new here, as its agent knows it. */
  @FunctionalInterface
  interface Arrival {

    /** How it is by now; asked by whoever could not lead clients to it at once. */
    Presence presence();

    /** Clients are led to it. Until that is said, an agent that comes back announces it again. */
    default void led() {}
  }

  /**
   * What a guest was promoted from.
   *
   * @param term its own, which no other promotion of the VM has
   * @param epoch whose state it goes on from
   * @param requestLogPosition every request before it is in that state
   */
  record Promotion(long term, long epoch, long requestLogPosition) {}

  /** Whether somebody leads clients to that VM, and has to be told where it is. */
  default boolean leads(VmId vm) {
    return false;
  }

  /**
   * The VM lives here from now on. Said again by an agent that was restarted before it heard that
   * clients are led here.
   */
  void promoted(VmId vm, Promotion from, InetSocketAddress address, Arrival arrival);

  /** The VM has been started here, from its disks: nothing of what it was told before is known. */
  default void booted(VmId vm, InetSocketAddress address, Arrival arrival) {}

  /**
   * Keeps what clients ask of the guest, and what it answers, from a cut on at which nothing is
   * under way.
   *
   * @param within so much time such a cut must come
   */
  default Hearing listen(VmId vm, Duration within) throws HypervisorException {
    throw new HypervisorException("no-log", "nobody keeps what is asked of " + vm);
  }

  /** Requests and answers that are kept. Closed, they are forgotten. */
  interface Hearing extends AutoCloseable {

    /** The epoch of that cut. */
    long epoch();

    /** Tells a copy, which goes on from that epoch, the same, and compares. */
    AnswerReport tell(InetSocketAddress copy) throws HypervisorException;

    @Override
    void close();
  }
}
