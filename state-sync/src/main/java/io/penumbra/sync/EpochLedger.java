package io.penumbra.sync;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.sync.AckResult.Accepted;
import io.penumbra.sync.AckResult.Backwards;
import io.penumbra.sync.AckResult.Gap;
import io.penumbra.sync.AckResult.Repeated;
import io.penumbra.sync.AckResult.Unverified;
import io.penumbra.sync.Readiness.Filling;
import io.penumbra.sync.Readiness.Ready;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The newest acked epoch of every shadow. It only ever goes forward, one epoch at a time, and only
 * over verified states; so whatever it names may be promoted. Owned by one thread.
 */
public final class EpochLedger {

  /** By VM and host; empty while the first full state is on its way. */
  private final SortedMap<VmId, SortedMap<HostId, Optional<EpochAck>>> newest = new TreeMap<>();

  /**
   * Starts to follow a shadow that begins empty. Its first verified ack may be of any epoch: a full
   * state needs none before it. A shadow that is followed already starts anew.
   */
  public void follow(Replica replica) {
    stand(replica, Optional.empty());
  }

  /** Forgets a shadow that is no more, or that has become the primary. */
  public void forget(Replica replica) {
    SortedMap<HostId, Optional<EpochAck>> ofVm = newest.get(replica.vm());
    if (ofVm != null) {
      ofVm.remove(replica.host());
      if (ofVm.isEmpty()) {
        newest.remove(replica.vm());
      }
    }
  }

  /** Takes in an ack, or says why it does not count. */
  public AckResult acknowledge(EpochAck ack) {
    Optional<EpochAck> before = hosts(ack.replica().vm()).get(ack.replica().host());
    if (before == null) {
      return new AckResult.NotFollowed(ack.replica());
    }
    if (before.isPresent()) {
      long last = before.get().epoch();
      if (ack.epoch() == last) {
        return new Repeated(last);
      }
      if (ack.epoch() < last) {
        return new Backwards(last, ack.epoch());
      }
      if (ack.epoch() > last + 1) {
        return new Gap(last + 1, ack.epoch());
      }
    }
    if (!ack.verified()) {
      return new Unverified(ack.epoch());
    }
    stand(ack.replica(), Optional.of(ack));
    return new Accepted(ack);
  }

  /** Whether a shadow could take over, and from which state. */
  public Readiness readiness(Replica replica) {
    Optional<EpochAck> ack = hosts(replica.vm()).get(replica.host());
    if (ack == null) {
      return new Readiness.NotFollowed();
    }
    return ack.<Readiness>map(acked -> new Ready(acked.epoch(), acked.cutAt()))
        .orElseGet(Filling::new);
  }

  /** The shadows of one VM, in order of their hosts. */
  public List<HostId> replicasOf(VmId vm) {
    return List.copyOf(hosts(vm).keySet());
  }

  private SortedMap<HostId, Optional<EpochAck>> hosts(VmId vm) {
    return newest.getOrDefault(vm, Collections.emptySortedMap());
  }

  private void stand(Replica replica, Optional<EpochAck> ack) {
    newest.computeIfAbsent(replica.vm(), _ -> new TreeMap<>()).put(replica.host(), ack);
  }
}
