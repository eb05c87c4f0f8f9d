package io.penumbra.adapter.qemu.agent;

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
        public void promoted(
            VmId vm, long epoch, long requestLogPosition, InetSocketAddress address) {}
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

  /** The VM lives here from now on, with the state of that epoch. */
  void promoted(VmId vm, long epoch, long requestLogPosition, InetSocketAddress address);
}
