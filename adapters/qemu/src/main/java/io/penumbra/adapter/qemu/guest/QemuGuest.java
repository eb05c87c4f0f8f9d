package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A guest in a QEMU process that this agent, or the one before it, has started; or that libvirt
 * has, see {@link LibvirtGuest}. To close it is to let go of it: the guest goes on, and can be
 * adopted again. Calls may come from several threads; each has a bound on how long it takes.
 */
public final class QemuGuest implements AutoCloseable {

  private static final Pattern FORWARDED =
      Pattern.compile("TCP\\[HOST_FORWARD]\\s+\\d+\\s+(\\S+)\\s+(\\d+)\\s+\\S+\\s+(\\d+)");

  private static final QmpCommand FORWARDS = QmpClient.monitorLine("info usernet");

  private final GuestSpec spec;
  private final GuestHome home;
  private final ProcessFiles process;
  private final QmpClient qmp;
  private final Optional<GuestAgent> agent;
  private final Optional<AutoCloseable> lender;
  private volatile GuestRole role;

  QemuGuest(GuestSpec spec, GuestHome home, GuestRole role, long pid, QmpClient qmp) {
    this(spec, home, role, pid, qmp, Optional.empty());
  }

  /**
   * One that may be somebody else's.
   *
   * @param lender through whom it is asked, closed with it; empty if it is our own
   */
  QemuGuest(
      GuestSpec spec,
      GuestHome home,
      GuestRole role,
      long pid,
      QmpClient qmp,
      Optional<AutoCloseable> lender) {
    this.lender = lender;
    this.spec = spec;
    this.home = home;
    this.role = role;
    process = new ProcessFiles(pid);
    this.qmp = qmp;
    agent = spec.agent() ? Optional.of(new GuestAgent(home.agent())) : Optional.empty();
  }

  /** Starts a guest that runs and serves at once. */
  public static Reply<QemuGuest> launch(GuestSpec spec, GuestHome home, LaunchSettings settings) {
    return GuestLaunch.start(spec, home, GuestRole.PRIMARY, settings);
  }

  /** Starts a QEMU that waits for the state of a guest of the same spec, with its links down. */
  public static Reply<QemuGuest> launchWaiting(
      GuestSpec spec, GuestHome home, LaunchSettings settings) {
    return GuestLaunch.start(spec, home, GuestRole.SHADOW, settings)
        .then(guest -> guest.link(false).then(_ -> Reply.done(guest)));
  }

  /**
   * Goes on with a guest that was started from this directory and still runs. A guest that is
   * paused without being {@link #isHeld held} was left so by an agent that died during a cut, and
   * wants to be resumed.
   */
  public static Reply<QemuGuest> adopt(Path directory, Duration timeout) {
    return GuestLaunch.adopt(directory, timeout);
  }

  public VmId vm() {
    return spec.vm();
  }

  public GuestSpec spec() {
    return spec;
  }

  public GuestHome home() {
    return home;
  }

  public GuestRole role() {
    return role;
  }

  public long pid() {
    return process.pid();
  }

  /** QEMU's agent in it, if it is said to have one. */
  public Optional<GuestAgent> agent() {
    return agent;
  }

  /** Its monitor, for what has no method here. */
  public QmpClient qmp() {
    return qmp;
  }

  /** Whether somebody else has started it, who may ask more of it than we do. */
  public boolean isBorrowed() {
    return lender.isPresent();
  }

  /** Whether its process lives. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Lets its process write that file of ours: libvirt's guests run under an account of their own.
   */
  public void letWrite(Path file) throws IOException {
    process.give(file);
  }

  /** Called once its monitor hangs up: within moments of the process's death. */
  public void onGone(Runnable action) {
    qmp.onClosed(action);
  }

  /** Whether it was said last that it stands still, whoever stopped it; asks nobody. */
  public boolean wasStopped() {
    return qmp.saidStopped();
  }

  /** How it is. */
  public Reply<GuestStatus> status() {
    return qmp.execute("query-status").map(json -> GuestStatus.of(json.path("status").asText()));
  }

  /** Makes it stand still until it is resumed, also over a restart of the agent. */
  public Reply<GuestStatus> pause() {
    try {
      Files.write(home.held(), new byte[0]);
    } catch (IOException e) {
      return Reply.refused("%s can't be written: %s".formatted(home.held(), e.getMessage()));
    }
    return qmp.execute("stop").then(_ -> status());
  }

  /** Whether somebody has paused it and not resumed it. */
  public boolean isHeld() {
    return Files.exists(home.held());
  }

  /** Lets it go on. */
  public Reply<GuestStatus> resume() {
    try {
      Files.deleteIfExists(home.held());
    } catch (IOException e) {
      return Reply.refused("%s can't be removed: %s".formatted(home.held(), e.getMessage()));
    }
    return qmp.execute("cont").then(_ -> status());
  }

  /** Plugs its network in or out. */
  public Reply<List<JsonNode>> link(boolean up) {
    List<QmpCommand> commands = linkCommands(up);
    return commands.isEmpty()
        ? Reply.done(List.of())
        : all(qmp.executeTogether(commands, QmpClient.USUAL));
  }

  private List<QmpCommand> linkCommands(boolean up) {
    return spec.networks().stream()
        .map(name -> QmpCommand.of("set_link").with("name", name).with("up", up))
        .toList();
  }

  private static Reply<List<JsonNode>> all(List<Reply<JsonNode>> said) {
    Reply<List<JsonNode>> all = Reply.done(List.of());
    for (Reply<JsonNode> one : said) {
      all =
          all.then(before ->
              one.map(more -> {
                List<JsonNode> both = new ArrayList<>(before);
                both.add(more);
                return both;
              }));
    }
    return all;
  }

  /** Opens the ports that lead to it, as far as an attempt before has not. */
  public Reply<List<PortForward>> openForwards() {
    return forwards().then(this::openMissing);
  }

  /** A guest of another has its own devices, also where nobody else can have them. */
  private Optional<String> forwarding() {
    return isBorrowed() ? spec.carried().flatMap(CarriedLine::forwarding) : spec.forwarding();
  }

  private Reply<List<PortForward>> openMissing(List<PortForward> open) {
    List<QmpCommand> missing = new ArrayList<>();
    for (PortForward forward : spec.forwards()) {
      if (forwarding().isPresent() && open.stream().noneMatch(forward::isServedBy)) {
        missing.add(
            QmpClient.monitorLine(
                "hostfwd_add %s %s".formatted(forwarding().get(), forward.rule())));
      }
    }
    if (missing.isEmpty()) {
      return Reply.done(open);
    }
    missing.add(FORWARDS);
    List<Reply<JsonNode>> said = qmp.executeTogether(missing, QmpClient.USUAL);
    Reply<JsonNode> all = said.getLast();
    for (Reply<JsonNode> one : said.subList(0, said.size() - 1)) {
      // It says nothing when it works.
      all =
          one.then(text ->
              text.asText().isBlank() ? said.getLast() : Reply.refused(text.asText().strip()));
      if (!all.isDone()) {
        break;
      }
    }
    return all.map(text -> forwards(text.asText()));
  }

  /** The ports that are open, with those the system has chosen. */
  public Reply<List<PortForward>> forwards() {
    return qmp.execute(FORWARDS).map(text -> forwards(text.asText()));
  }

  private static List<PortForward> forwards(String text) {
    List<PortForward> open = new ArrayList<>();
    Matcher matcher = FORWARDED.matcher(text);
    while (matcher.find()) {
      open.add(
          new PortForward(
              matcher.group(1),
              Integer.parseInt(matcher.group(2)),
              Integer.parseInt(matcher.group(3))));
    }
    return open;
  }

  /** The host's port that leads to one of the guest; empty if there is none. */
  public OptionalInt hostPort(int guestPort) {
    return forwards().found().stream()
        .flatMap(List::stream)
        .filter(forward -> forward.guestPort() == guestPort)
        .mapToInt(PortForward::hostPort)
        .findFirst();
  }

  /**
   * What QEMU is to do for a shadow to serve: its network plugged in, its ports open, the guest
   * running. A port that is taken refuses, and leaves the guest paused.
   */
  public Reply<List<PortForward>> serve() {
    // Every question is a wait, and the guest's clients wait with us.
    List<QmpCommand> commands = new ArrayList<>(linkCommands(true));
    commands.add(FORWARDS);
    return all(qmp.executeTogether(commands, QmpClient.USUAL))
        .then(said -> openMissing(forwards(said.getLast().asText())))
        .then(open -> qmp.execute("cont").then(_ -> Reply.done(open)));
  }

  /** What it has used so far. */
  public Reply<GuestCounters> counters() {
    return qmp.execute("query-cpus-fast")
        .then(cpus ->
            qmp.execute("query-blockstats")
                .map(blocks ->
                    new GuestCounters(
                        process.cpu(),
                        cpus.valueStream()
                            .map(cpu -> process.cpu(cpu.path("thread-id").asLong()))
                            .toList(),
                        process.residentBytes(),
                        process.majorFaults(),
                        disks(blocks))));
  }

  private static SortedMap<String, GuestCounters.DiskCounters> disks(JsonNode blocks) {
    SortedMap<String, GuestCounters.DiskCounters> disks = new TreeMap<>();
    for (JsonNode block : blocks) {
      JsonNode stats = block.path("stats");
      disks.put(
          block.path("node-name").asText(block.path("qdev").asText()),
          new GuestCounters.DiskCounters(
              stats.path("rd_bytes").asLong(),
              stats.path("rd_operations").asLong(),
              stats.path("wr_bytes").asLong(),
              stats.path("wr_operations").asLong(),
              stats.path("flush_operations").asLong()));
    }
    return disks;
  }

  /** What it is, as far as another has to be the same to go on with its state. */
  public Reply<GuestIdentity> identity() {
    return GuestIdentity.of(this);
  }

  /** From now on it is a primary, also for whoever adopts it. */
  public Reply<QemuGuest> becomePrimary() {
    try {
      new GuestFile(spec, home.ram(), GuestRole.PRIMARY).write(home);
      role = GuestRole.PRIMARY;
      return Reply.done(this);
    } catch (IOException e) {
      return Reply.refused("%s: %s".formatted(home.description(), e.getMessage()));
    }
  }

  /** Kills its process by id, as pulling the plug does, and waits until it is gone. */
  public Reply<Long> kill(Duration timeout) {
    return GuestLaunch.kill(process, timeout);
  }

  /**
   * Kills it and removes its memory and its directory's files; its disks stay.
   *
   * @return the process that is gone
   */
  public Reply<Long> destroy(Duration timeout) {
    return kill(timeout)
        .then(gone -> {
          close();
          return GuestLaunch.removeFiles(home).map(_ -> gone);
        });
  }

  /**
   * As {@link #destroy}, for a guest that was started from this directory by whomever: needs no
   * monitor, so it works while another is connected, and while QEMU does not answer.
   *
   * @return the process that is gone; refused if there is none
   */
  public static Reply<Long> destroyAt(Path directory, Duration timeout) {
    return GuestLaunch.destroy(directory, timeout);
  }

  @Override
  public void close() {
    qmp.close();
    try {
      if (lender.isPresent()) {
        lender.get().close();
      }
    } catch (Exception e) {
      throw new IllegalStateException("can't let go of " + this, e);
    }
  }

  @Override
  public String toString() {
    return "%s %s (process %d)".formatted(role, spec.vm(), pid());
  }
}
