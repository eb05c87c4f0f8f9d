package io.penumbra.sync;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.util.Comparator;

/** One shadow: the state of one VM as it is kept on one host. */
public record Replica(VmId vm, HostId host) implements Comparable<Replica> {

  private static final Comparator<Replica> ORDER =
      Comparator.comparing(Replica::vm).thenComparing(Replica::host);

  @Override
  public int compareTo(Replica other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return vm + " on " + host;
  }
}
