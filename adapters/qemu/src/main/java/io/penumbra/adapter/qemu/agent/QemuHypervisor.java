package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.GuestRole;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.shadow.GuestShadow;
import io.penumbra.adapter.qemu.shadow.ShadowPlan;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Guests and shadows as QEMU processes: one directory each, in which whatever is there is found
 * again. A VM's {@code guest} description is a {@link GuestSpec}; {@code forwards} may name other
 * ports on each host under {@code forwardsOn}.
 */
public final class QemuHypervisor implements Hypervisor {

  static final Duration PATIENCE = Duration.ofSeconds(10);
  static final JsonMapper JSON = JsonMapper.builder().addModule(new Jdk8Module()).build();

  private final Path guests;
  private final String host;
  private final LaunchSettings launch;
  private final OwnCaps caps;

  /**
   * Keeps guests below a directory.
   *
   * @param guests short, for sockets lie in it
   * @param host whose ports are meant where a description has different ones
   */
  public QemuHypervisor(Path guests, String host, LaunchSettings launch) {
    this(guests, host, launch, OwnCaps.NONE);
  }

  /**
   * The same for an agent that is capped.
   *
   * @param caps from which guests are let out
   */
  public QemuHypervisor(Path guests, String host, LaunchSettings launch, OwnCaps caps) {
    this.guests = guests.toAbsolutePath();
    this.host = host;
    this.launch = launch;
    this.caps = caps;
  }

  private Path directory(VmId vm) {
    return guests.resolve(vm.value());
  }

  GuestSpec guestSpec(VmSpec spec) throws HypervisorException {
    try {
      ObjectNode node = spec.guest().deepCopy();
      JsonNode own = node.path("forwardsOn").path(host);
      node.remove("forwardsOn");
      if (own.isArray()) {
        node.set("forwards", own);
      }
      GuestSpec read = JSON.treeToValue(node, GuestSpec.class);
      if (!read.vm().equals(spec.vm().id())) {
        throw new HypervisorException(
            "bad-spec", "the guest is of %s, the VM %s".formatted(read.vm(), spec.vm().id()));
      }
      return read;
    } catch (JsonProcessingException e) {
      throw new HypervisorException("bad-spec", "guest: " + e.getOriginalMessage(), e);
    }
  }

  /** What a guest is made of, as a VM's description has it. */
  public static JsonNode describe(GuestSpec spec) {
    return JSON.valueToTree(spec);
  }

  /** The same, with other ports on one host. */
  public static JsonNode describe(GuestSpec spec, String host, List<PortForward> there) {
    ObjectNode node = JSON.valueToTree(spec);
    node.putObject("forwardsOn").set(host, JSON.valueToTree(there));
    return node;
  }

  static <T> T done(String code, Reply<T> reply) throws HypervisorException {
    return switch (reply) {
      case Reply.Done<T>(T value) -> value;
      case Reply.Refused<T>(String reason) -> throw new HypervisorException(code, reason);
      case Reply.Unknown<T>(String reason) -> throw new HypervisorException(code, reason);
    };
  }

  @Override
  public Guest start(VmSpec spec) throws HypervisorException {
    GuestHome home = GuestHome.in(directory(spec.vm().id()));
    try {
      Files.createDirectories(guests);
    } catch (IOException e) {
      throw new HypervisorException("io", "%s: %s".formatted(guests, e.getMessage()), e);
    }
    return new QemuHosted(
        home.directory(),
        done("not-started", QemuGuest.launch(guestSpec(spec), home, launch)),
        caps);
  }

  @Override
  public Optional<Guest> adopt(VmSpec spec) throws HypervisorException {
    Path directory = directory(spec.vm().id());
    Optional<Long> frozen = frozenProcess(directory);
    if (frozen.isPresent()) {
      // Its monitor answers when it is let go on, and not before.
      return Optional.of(new QemuHosted(directory, frozen.get(), caps));
    }
    Optional<QemuGuest> guest = QemuGuest.adopt(directory, PATIENCE).found();
    if (guest.isPresent() && guest.get().role() != GuestRole.PRIMARY) {
      guest.get().close();
      return Optional.empty();
    }
    return guest.map(there -> new QemuHosted(directory, there, caps));
  }

  private static Optional<Long> frozenProcess(Path directory) {
    return process(directory).filter(pid -> Signals.stat(pid).frozen());
  }

  /** The QEMU of that directory: process ids are used again, but not with it in their words. */
  private static Optional<Long> process(Path directory) {
    try {
      long pid = Long.parseLong(Files.readString(GuestHome.in(directory).pidFile()).strip());
      String words = Files.readString(Path.of("/proc/%d/cmdline".formatted(pid)));
      return words.contains(directory + "/") ? Optional.of(pid) : Optional.empty();
    } catch (IOException | NumberFormatException notThere) {
      return Optional.empty();
    }
  }

  @Override
  public Shadow prepare(VmSpec spec, ShadowMode mode, Resources resident)
      throws HypervisorException {
    JsonNode said =
        spec.identity()
            .orElseThrow(
                () -> new HypervisorException("bad-spec", "nothing says what the primary is"));
    try {
      Files.createDirectories(guests);
      GuestIdentity primary = JSON.treeToValue(said, GuestIdentity.class);
      ShadowPlan plan = ShadowPlan.of(guestSpec(spec), primary, directory(spec.vm().id()));
      GuestShadow shadow = done("no-shadow-here", GuestShadow.create(plan, mode, launch));
      return new QemuShadow(directory(spec.vm().id()), shadow, caps);
    } catch (IOException e) {
      throw new HypervisorException("io", String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public void remove(VmId vm) throws HypervisorException {
    Path directory = directory(vm);
    Optional<Long> left = process(directory);
    if (left.isPresent()) {
      QemuHosted.kill(left.get());
    }
    GuestHome home = GuestHome.in(directory);
    try {
      Files.deleteIfExists(home.ram());
      Files.deleteIfExists(home.deviceState());
      if (Files.exists(directory)) {
        try (Stream<Path> tree = Files.walk(directory)) {
          List<Path> deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
          for (Path path : deepestFirst) {
            Files.deleteIfExists(path);
          }
        }
      }
    } catch (IOException e) {
      throw new HypervisorException("io", String.valueOf(e.getMessage()), e);
    }
  }
}
