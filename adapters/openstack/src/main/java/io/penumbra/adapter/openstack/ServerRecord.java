package io.penumbra.adapter.openstack;

import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.policy.PolicyResolver;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * One of Nova's servers: a VM, or what becomes of a VM, or what was one.
 *
 * @param id Nova's
 * @param name what its owner calls the VM
 * @param vm the VM as it is described by this server; its id is that of its first server
 * @param status Nova's, such as {@code ACTIVE}
 * @param vmState finer than the status, such as {@code active}
 * @param task what Nova is doing with it; empty when nothing
 * @param power Nova's power state: 1 running, 4 shut down, 6 crashed
 * @param image what it was made from; empty when it boots from a volume
 * @param papers what Nova says of it that is not said of the VM
 * @param problems policy tags that could not be read, and what was taken for them
 * @param fault why its status is ERROR
 */
record ServerRecord(
    String id,
    String name,
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
    Papers papers,
    List<String> problems,
    String fault) {

  /**
   * Whose a server is and how it was ordered; after a failover that is not what holds of its VM.
   *
   * @param flavor its name as Nova has it, blanks included
   * @param lock why it is locked; empty when it is not
   */
  record Papers(String project, String flavor, Optional<String> lock) {}

  /** What a server is to its VM. */
  enum Role {
    PRIMARY,
    SHADOW,
    RETIRED
  }

  static final String MODE = "penumbra:mode";

  private static final int SHUT_DOWN = 4;
  private static final int CRASHED = 6;

  /** Nobody counts as far; and whoever counts on from there stays far from the end of numbers. */
  private static final long NUMBER_MAX = 1L << 40;

  /** Nova's, of an item of metadata. */
  private static final int VALUE_MAX = 255;

  private static final Pattern KEY = Pattern.compile("[a-zA-Z0-9-_:. ]{1,255}");

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
      long number = Long.parseLong(mark(mark).orElse("0"));
      return number < 0 || number > NUMBER_MAX ? 0 : number;
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

  /** Whether nothing of it runs, also not when Nova has put it away. */
  boolean isOff() {
    return task.isEmpty() && (status.equals("SHUTOFF") || status.startsWith("SHELVED"));
  }

  /** Whether we have locked it. */
  boolean isKeptOff() {
    return papers.lock().filter(why -> why.startsWith(OpenStackCloud.LOCK_REASON)).isPresent();
  }

  /** Where it stands or was ordered to, if it is a shadow, be it a whole one or not. */
  Optional<HostId> shadowHost() {
    return role != Role.SHADOW || status.contains("DELETED")
        ? Optional.empty()
        : host.or(() -> mark(Mark.HOST).map(HostId::of));
  }

  /** A shadow that could take over. */
  boolean isCompleteShadow() {
    return role == Role.SHADOW
        && host.isPresent()
        && !status.equals("ERROR")
        && mark(Mark.STATE).equals(Optional.of("complete"));
  }

  ShadowMode mode() {
    return metadata.getOrDefault(MODE, "").equals("warm") ? ShadowMode.WARM : ShadowMode.COLD;
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

  /**
   * What is written on a server that becomes the VM: how it was protected, whose it is, which
   * groups it is in, and how clients find it. Nova says other things of that server.
   */
  Map<String, String> estate() {
    TreeMap<String, String> estate = new TreeMap<>(vm.tags());
    estate
        .keySet()
        .removeIf(key -> !KEY.matcher(key).matches()); // flavors and tags may have others
    estate.put(Mark.PROJECT.key(), vm.project().value());
    List<String> groups = vm.groups().stream().map(GroupId::value).toList();
    if (!groups.isEmpty() && String.join(",", groups).length() <= VALUE_MAX) {
      estate.put(Mark.GROUPS.key(), String.join(",", groups));
    }
    metadata.forEach((key, value) -> {
      if (traffic(key)) {
        estate.put(key, value);
      }
    });
    return estate;
  }

  /** Policy tags and the like that are written on this server and not among these. */
  List<String> leftover(Map<String, String> estate) {
    return metadata.keySet().stream()
        .filter(key -> key.startsWith(PolicyResolver.TAG_PREFIX))
        .filter(key -> !Mark.isOurs(key) || traffic(key))
        .filter(key -> !estate.containsKey(key))
        .toList();
  }

  /** What Penumbra wrote on a shadow, and its mode: what another server of the same shadow says. */
  Map<String, String> shadowMarks() {
    TreeMap<String, String> marks = new TreeMap<>(metadata);
    marks.keySet().removeIf(key -> !key.equals(MODE) && (!Mark.isOurs(key) || traffic(key)));
    return marks;
  }

  private static boolean traffic(String key) {
    return key.equals(Mark.POOLS.key()) || key.equals(Mark.NAMES.key());
  }
}
