package io.penumbra.adapter.openstack;

import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One of Nova's servers: a VM, or what becomes of a VM, or what was one.
 *
 * @param id Nova's
 * @param vm the VM as it is described by this server; its id is that of its first server
 * @param status Nova's, such as {@code ACTIVE}
 * @param vmState finer than the status, such as {@code active}
 * @param task what Nova is doing with it; empty when nothing
 * @param power Nova's power state: 1 running, 4 shut down, 6 crashed
 * @param image what it was made from; empty when it boots from a volume
 * @param problems policy tags that could not be read, and what was taken for them
 * @param fault why its status is ERROR
 */
record ServerRecord(
    String id,
    Vm vm,
    Role role,
    Optional<HostId> host,
    String status,
    String vmState,
    String task,
    int power,
    Instant created,
    String image,
    SortedMap<String, String> metadata,
    List<String> addresses,
    List<String> problems,
    String fault) {

  /** What a server is to its VM. */
  enum Role {
    PRIMARY,
    SHADOW,
    RETIRED
  }

  private static final int SHUT_DOWN = 4;
  private static final int CRASHED = 6;

  ServerRecord {
    metadata = Collections.unmodifiableSortedMap(new TreeMap<>(metadata));
    addresses = List.copyOf(addresses);
    problems = List.copyOf(problems);
  }

  VmId vmId() {
    return vm.id();
  }

  Optional<String> mark(Mark mark) {
    return Optional.ofNullable(metadata.get(mark.key())).filter(value -> !value.isEmpty());
  }

  long number(Mark mark) {
    try {
      return Math.max(0, Long.parseLong(mark(mark).orElse("0")));
    } catch (NumberFormatException e) {
      return 0; // somebody else wrote it
    }
  }

  /** Whether it has been on a host, and stands in the books of the cloud as a VM. */
  boolean isThere() {
    return host.isPresent() && !status.equals("BUILD") && !status.contains("DELETED");
  }

  /**
   * Whether it should serve and does not. One that its owner has stopped, paused or put away is no
   * failure: nothing is to be rescued.
   */
  boolean hasFailed() {
    boolean died = vmState.equals("active") && (power == SHUT_DOWN || power == CRASHED);
    return task.isEmpty() && (status.equals("ERROR") || died);
  }

  boolean isRunning() {
    return status.equals("ACTIVE") && power != SHUT_DOWN && power != CRASHED;
  }

  boolean isShutOff() {
    return status.equals("SHUTOFF") && task.isEmpty();
  }

  /** A shadow that could take over. */
  boolean isCompleteShadow() {
    return role == Role.SHADOW
        && host.isPresent()
        && !status.equals("ERROR")
        && mark(Mark.STATE).equals(Optional.of("complete"));
  }

  ShadowMode mode() {
    return metadata.getOrDefault("penumbra:mode", "").equals("warm")
        ? ShadowMode.WARM
        : ShadowMode.COLD;
  }

  Resources resident() {
    String[] parts = mark(Mark.RESIDENT).orElse("0,0,0").split(",", -1);
    try {
      return new Resources(
          Integer.parseInt(parts[0]), Long.parseLong(parts[1]), Long.parseLong(parts[2]));
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
      return Resources.NONE; // somebody else wrote it
    }
  }

  static String text(Resources amount) {
    return "%d,%d,%d".formatted(amount.vcpus(), amount.memoryMib(), amount.diskGib());
  }

  /** Its metadata without what Penumbra wrote: what a shadow takes over. */
  Map<String, String> ownMetadata() {
    TreeMap<String, String> own = new TreeMap<>(metadata);
    own.keySet().removeIf(key -> Mark.isOurs(key) && !traffic(key));
    return own;
  }

  private static boolean traffic(String key) {
    return key.equals(Mark.POOLS.key()) || key.equals(Mark.NAMES.key());
  }
}
