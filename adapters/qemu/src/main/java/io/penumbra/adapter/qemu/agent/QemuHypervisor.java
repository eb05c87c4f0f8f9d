package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.guest.CarriedLine;
import io.penumbra.adapter.qemu.guest.FileTree;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestIdentity;
import io.penumbra.adapter.qemu.guest.GuestRole;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.GuestStatus;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.LibvirtDomains;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.shadow.ArchiveRestore;
import io.penumbra.adapter.qemu.shadow.GuestCopy;
import io.penumbra.adapter.qemu.shadow.GuestShadow;
import io.penumbra.adapter.qemu.shadow.ShadowPlan;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.PageSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Guests and shadows as QEMU processes: one directory each, in which whatever is there is found
 * again. A VM's {@code guest} description is a {@link GuestSpec}; {@code forwards} may name other
 * ports on each host under {@code forwardsOn}. Where libvirt runs guests too, it may be the name of
 * a domain, see {@link DomainGuest}.
 */
public final class QemuHypervisor implements Hypervisor {

  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Where the newest epoch can't be restored, the one before it is tried, so far back. */
  private static final int CANDIDATES = 8;

  /** The tier store doesn't answer now. */
  private static final String STORE_AWAY = "store-away";

  static final JsonMapper JSON = JsonMapper.builder().addModule(new Jdk8Module()).build();

  private final Path guests;
  private final String host;
  private final LaunchSettings launch;
  private final OwnCaps caps;
  private final Optional<EpochStore> store;
  private final Optional<DomainKeeper> domains;

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
    this(guests, host, launch, caps, Optional.empty());
  }

  /**
   * The same for an agent with a tier store.
   *
   * @param caps from which guests are let out
   * @param store where epochs of cold shadows go
   */
  public QemuHypervisor(
      Path guests, String host, LaunchSettings launch, OwnCaps caps, Optional<EpochStore> store) {
    this(guests, host, launch, caps, store, Optional.empty());
  }

  private QemuHypervisor(
      Path guests,
      String host,
      LaunchSettings launch,
      OwnCaps caps,
      Optional<EpochStore> store,
      Optional<DomainKeeper> domains) {
    this.store = store;
    this.domains = domains;
    this.guests = guests.toAbsolutePath();
    this.host = host;
    this.launch = launch;
    this.caps = caps;
  }

  /** The same on a host whose libvirt runs guests, too. */
  public QemuHypervisor withLibvirt(LibvirtDomains libvirt) {
    return new QemuHypervisor(
        guests, host, launch, caps, store, Optional.of(new DomainKeeper(libvirt, guests)));
  }

  /** Ids come from whoever may call the agent, and one like {@code ../x} leads to others' files. */
  private Path directory(VmId vm) throws HypervisorException {
    if (!GuestSpec.canNameFiles(vm)) {
      throw new HypervisorException(
          "bad-spec",
          "VM id '%s' can't name files; expected letters, digits, '.', '_' and '-'".formatted(vm));
    }
    return guests.resolve(vm.value());
  }

  private DomainKeeper domains() throws HypervisorException {
    return domains.orElseThrow(
        () -> new HypervisorException("no-libvirt", "the agent was not told to look at libvirt"));
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

  /** The guest of a VM, or of its shadow, where its description alone may not say what it is. */
  private GuestSpec guestSpec(VmSpec spec, Identity primary) throws HypervisorException {
    if (!DomainGuest.is(spec.guest())) {
      return guestSpec(spec);
    }
    GuestSpec said =
        primary
            .guest()
            .orElseThrow(() ->
                new HypervisorException(
                    "bad-spec", "its primary's agent does not say what the domain is made of"));
    GuestSpec guest = DomainGuest.read(spec.guest(), host).onto(said);
    Optional<CarriedLine.Card> card = guest.carried().flatMap(CarriedLine::unconnected);
    if (card.isPresent()) {
      throw new HypervisorException(
          "no-network",
          "nothing says how the card %s, which is in a %s network, is connected on %s; maybe: \"networksOn\": {\"%s\": {\"%s\": \"bridge:NAME\"}}"
              .formatted(card.get().name(), card.get().kind(), host, host, card.get().name()));
    }
    return guest;
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

  /** And with others on one more host. */
  public static JsonNode alsoOn(JsonNode described, String host, List<PortForward> there) {
    ObjectNode node = described.deepCopy();
    node.withObjectProperty("forwardsOn").set(host, JSON.valueToTree(there));
    return node;
  }

  /**
   * A guest that libvirt runs, as a VM's description has it.
   *
   * @param domain its name, or its UUID
   */
  public static JsonNode describeDomain(String domain) {
    return JSON.createObjectNode().put(DomainGuest.DOMAIN, domain);
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
    if (DomainGuest.is(spec.guest())) {
      return domains().start(spec.vm().id(), DomainGuest.read(spec.guest(), host));
    }
    return new QemuHosted(
        own(home.directory()),
        done("not-started", QemuGuest.launch(guestSpec(spec), home, launch)));
  }

  private Keeper own(Path directory) {
    return new Keeper.Agent(directory, caps);
  }

  @Override
  public Optional<Guest> adopt(VmSpec spec) throws HypervisorException {
    Path directory = directory(spec.vm().id());
    Optional<Long> frozen = frozenProcess(directory);
    if (frozen.isPresent()) {
      // Its monitor answers when it is let go on, and not before.
      return Optional.of(new QemuHosted(own(directory), frozen.get()));
    }
    Optional<QemuGuest> guest = QemuGuest.adopt(directory, PATIENCE).found();
    if (guest.isPresent() && guest.get().role() != GuestRole.PRIMARY && !runs(guest.get())) {
      guest.get().close();
      return Optional.empty();
    }
    if (guest.isEmpty() && DomainGuest.is(spec.guest())) {
      return domains().adopt(spec.vm().id(), DomainGuest.read(spec.guest(), host));
    }
    return guest.map(there -> new QemuHosted(own(directory), there));
  }

  /**
   * A shadow that runs was promoted by an agent that died before it wrote so: its ports are open,
   * and what has run can't be a shadow again.
   */
  private static boolean runs(QemuGuest guest) {
    return guest
            .status()
            .found()
            .filter(now -> now.phase() == GuestStatus.Phase.RUNNING)
            .isPresent()
        && guest.becomePrimary().isDone();
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
      QemuShadow.Plans plans = plans(spec, Identity.read(said));
      ShadowPlan plan = plans.of(mode, plans.directory());
      GuestShadow shadow = done("no-shadow-here", GuestShadow.create(plan, mode, launch));
      // One of an agent before us, perhaps.
      GuestCopy.remove(QemuShadow.copyOf(directory(spec.vm().id())));
      return shadow(spec, plans, shadow, mode);
    } catch (IOException e) {
      throw new HypervisorException("io", String.valueOf(e.getMessage()), e);
    }
  }

  private QemuShadow shadow(
      VmSpec spec, QemuShadow.Plans plans, GuestShadow shadow, ShadowMode mode) {
    return new QemuShadow(
        plans,
        shadow,
        mode,
        launch,
        store.map(there -> new QemuShadow.Archived(there, spec)),
        caps);
  }

  private QemuShadow.Plans plans(VmSpec spec, Identity said) throws HypervisorException {
    GuestSpec guest = guestSpec(spec, said);
    GuestIdentity primary = said.identity();
    Path own = directory(spec.vm().id());
    return new QemuShadow.Plans() {
      @Override
      public ShadowPlan of(ShadowMode mode, Path directory) {
        return mode == ShadowMode.WARM
            ? ShadowPlan.of(guest, primary, directory)
            : ShadowPlan.cold(
                guest, primary, directory, store.isPresent() ? ShadowPlan.CACHE : ShadowPlan.SHORT);
      }

      @Override
      public Path directory() {
        return own;
      }
    };
  }

  @Override
  public Restored restore(VmId vm, Optional<Long> epoch, Resources resident)
      throws HypervisorException {
    // Before anything is read or removed in its name.
    directory(vm);
    EpochStore from =
        store.orElseThrow(
            () -> new HypervisorException("no-store", "this host's agent has no tier store"));
    List<TierArchive.Kept> candidates;
    try {
      Files.createDirectories(guests);
      candidates =
          from.kept(vm).stream()
              .filter(kept -> epoch.isEmpty() || kept.number() == epoch.get())
              .limit(CANDIDATES)
              .toList();
    } catch (IOException e) {
      throw new HypervisorException(STORE_AWAY, String.valueOf(e.getMessage()), e);
    }
    List<String> missed = new ArrayList<>();
    // What an interrupted restore has left would make the newest fail, and an older one be taken.
    remove(vm);
    for (TierArchive.Kept kept : candidates) {
      try {
        return restore(from, kept);
      } catch (HypervisorException e) {
        remove(vm);
        if (e.code().equals(STORE_AWAY)) {
          // It may be whole, and clients may have seen what is in it: an older one won't do.
          throw e;
        }
        missed.add("epoch %d: %s".formatted(kept.number(), e.text()));
      }
    }
    throw new HypervisorException(
        "no-source",
        missed.isEmpty()
            ? "the tier store has no such epoch of %s".formatted(vm)
            : "nothing that the tier store has of %s can be restored: %s".formatted(vm, missed));
  }

  private Restored restore(EpochStore from, TierArchive.Kept kept) throws HypervisorException {
    long began = System.nanoTime();
    VmSpec spec = described(kept);
    QemuShadow.Plans plans = plans(spec, Identity.read(spec.identity().orElseThrow()));
    // In memory at once: it is wanted because it is to run.
    ShadowPlan plan = plans.of(ShadowMode.WARM, plans.directory());
    Reply<GuestShadow> brought =
        ArchiveRestore.of(plan, from.archive(spec), kept.number(), ShadowMode.COLD, launch);
    boolean away = brought instanceof Reply.Unknown;
    GuestShadow shadow = done(away ? STORE_AWAY : "not-restored", brought);
    from.restored(
        kept.epoch().layout().pages() * (long) PageSize.BYTES, (System.nanoTime() - began) / 1e9);
    return new Restored(spec, shadow(spec, plans, shadow, ShadowMode.COLD));
  }

  private static VmSpec described(TierArchive.Kept kept) throws HypervisorException {
    byte[] note = new byte[kept.note().remaining()];
    kept.note().get(note);
    try {
      VmSpec spec = AgentJson.read(note, VmSpec.class);
      if (spec.identity().isEmpty()) {
        throw new HypervisorException("bad-spec", "nothing says what the primary was");
      }
      return spec;
    } catch (IOException e) {
      throw new HypervisorException(
          "bad-spec", "it does not say what the VM is: " + e.getMessage(), e);
    }
  }

  @Override
  public SortedMap<String, Double> figures() {
    return store.map(EpochStore::figures).orElseGet(TreeMap::new);
  }

  @Override
  public void letOut(long pid) {
    caps.letOut(pid);
  }

  @Override
  public void end(VmId vm) throws HypervisorException {
    endKnown(vm);
    if (domains.isPresent()) {
      domains.get().endAnyOf(vm);
    }
  }

  /** What an agent here has started or taken up. */
  private void endKnown(VmId vm) throws HypervisorException {
    if (!GuestSpec.canNameFiles(vm)) {
      // Of a VM that can't have files here nothing can be here.
      return;
    }
    Optional<Long> left = process(directory(vm));
    if (left.isPresent()) {
      QemuHosted.kill(left.get());
    }
    if (domains.isPresent()) {
      domains.get().endKnown(vm);
    }
  }

  @Override
  public Optional<String> movedOn(VmSpec spec) throws HypervisorException {
    return domains.isPresent() && DomainGuest.is(spec.guest())
        ? domains.get().movedOn(DomainGuest.read(spec.guest(), host))
        : Optional.empty();
  }

  @Override
  public List<Stray> strays() {
    return domains.map(DomainKeeper::all).orElse(List.of());
  }

  /** Its domain runs on, and is nobody's but libvirt's. */
  @Override
  public void forget(VmId vm) throws HypervisorException {
    if (domains.isPresent()) {
      domains.get().forget(vm);
    }
    remove(vm);
  }

  @Override
  public void remove(VmId vm) throws HypervisorException {
    if (!GuestSpec.canNameFiles(vm)) {
      return;
    }
    Path directory = directory(vm);
    GuestCopy.remove(QemuShadow.copyOf(directory));
    endKnown(vm);
    GuestHome home = GuestHome.in(directory);
    try {
      Files.deleteIfExists(home.ram());
      Files.deleteIfExists(home.deviceState());
      FileTree.remove(directory);
    } catch (IOException e) {
      throw new HypervisorException("io", String.valueOf(e.getMessage()), e);
    }
  }
}
