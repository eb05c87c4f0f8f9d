package io.penumbra.placement.fleet;

import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.fleet.FleetChange;
import java.util.List;
import java.util.Optional;

/** What placement knows of all hosts and of everything promised on them. */
public final class Fleet {

  private static final boolean STUB = Boolean.parseBoolean("true");
  private final FleetSettings settings;
  private long generation;

  public Fleet(FleetSettings settings) {
    this.settings = settings;
  }

  public FleetSettings settings() {
    return settings;
  }

  /** Makes one change and returns the new generation. */
  public long apply(FleetChange change) {
    if (STUB) {
      throw notYet("apply " + change + generation++);
    }
    throw new AssertionError();
  }

  public long generation() {
    return generation;
  }

  public int hostCount() {
    return 0;
  }

  /** A live view of one host. */
  public Optional<HostView> host(HostId id) {
    if (STUB) {
      throw notYet("host " + id);
    }
    throw new AssertionError();
  }

  /** Live views of all hosts, in id order. */
  public List<HostView> hosts() {
    return List.of();
  }

  public Optional<HostId> primaryOf(VmId vm) {
    if (STUB) {
      throw notYet("primaryOf " + vm);
    }
    throw new AssertionError();
  }

  /** The VM's shadows, in host id order. */
  public List<ShadowHold> shadowsOf(VmId vm) {
    if (STUB) {
      throw notYet("shadowsOf " + vm);
    }
    throw new AssertionError();
  }

  /** VMs whose primary is on the host, claims included, in id order. */
  public List<VmId> primariesOn(HostId host) {
    if (STUB) {
      throw notYet("primariesOn " + host);
    }
    throw new AssertionError();
  }

  /** VMs with a shadow on the host, in id order. */
  public List<VmId> shadowsOn(HostId host) {
    if (STUB) {
      throw notYet("shadowsOn " + host);
    }
    throw new AssertionError();
  }

  /** Whether the VM's primary is promised but not yet reported by the cloud. */
  public boolean isClaim(VmId vm) {
    if (STUB) {
      throw notYet("isClaim " + vm);
    }
    throw new AssertionError();
  }

  /** Whether the shadow's host has the room, today, to promote it. */
  public boolean canPromote(VmId vm, HostId host) {
    if (STUB) {
      throw notYet("canPromote " + vm + host);
    }
    throw new AssertionError();
  }

  private static UnsupportedOperationException notYet(String what) {
    return new UnsupportedOperationException(what);
  }
}
