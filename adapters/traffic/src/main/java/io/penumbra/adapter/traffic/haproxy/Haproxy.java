package io.penumbra.adapter.traffic.haproxy;

import static java.util.stream.Collectors.toSet;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.adapter.traffic.haproxy.RuntimeApi.NoAnswer;
import io.penumbra.adapter.traffic.haproxy.RuntimeApi.NotAsked;
import io.penumbra.adapter.traffic.haproxy.RuntimeApi.Reply;
import io.penumbra.adapter.traffic.haproxy.RuntimeApi.Said;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One HAProxy. A change is one line of commands: all servers of a VM are moved together, or put
 * back together, and the state is read before and after. What it was told lasts over a reload: it
 * is written to the file that HAProxy reads at its start, where there is one, and looked after by
 * {@link #reapply}.
 */
public final class Haproxy {

  /**
   * Where one HAProxy is.
   *
   * @param name for people
   * @param api its {@code stats socket}, level admin: a Unix path or a TCP address
   * @param patience for one question and its answer
   * @param stateFile its {@code server-state-file}, when it is on this machine
   */
  public record Settings(
      String name, SocketAddress api, Duration patience, Optional<Path> stateFile) {}

  private sealed interface Look {}

  private record Seen(Map<ServerName, ServerState> servers) implements Look {}

  private record Unseen(String why) implements Look {}

  private final Settings settings;
  private final RuntimeApi api;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<VmId, List<ServerWish>> wishes = new LinkedHashMap<>();
  private volatile boolean stateFileWritten = true;

  public Haproxy(Settings settings) {
    this.settings = settings;
    this.api = new RuntimeApi(settings.api(), settings.patience());
  }

  public String name() {
    return settings.name();
  }

  /** Whether the state file holds what was changed last. */
  public boolean writesStateFile() {
    return settings.stateFile().isPresent() && stateFileWritten;
  }

  /** Sends the VM's clients to a host, in all its slots or in none. */
  public Change point(VmId vm, List<Slot> slots, HostId host, InetAddress address) {
    List<ServerWish> wanted = new ArrayList<>();
    for (Slot slot : slots) {
      Optional<List<ServerWish>> wish = slot.wishes(host, address);
      if (wish.isEmpty()) {
        return new Change.Refused(
            "no-server", "%s has no server of %s on %s".formatted(name(), vm, host));
      }
      wanted.addAll(wish.get());
    }
    return apply(vm, wanted);
  }

  /** Makes servers as they are wished, and remembers that they are to stay so. */
  public Change apply(VmId vm, List<ServerWish> wanted) {
    lock.lock();
    try {
      Change change = change(wanted);
      switch (change) {
        case Change.Verified verified -> {
          // A server is one VM's; whoever had it before may be gone.
          Set<ServerName> names = wanted.stream().map(ServerWish::name).collect(toSet());
          wishes
              .values()
              .removeIf(had -> had.stream().map(ServerWish::name).anyMatch(names::contains));
          wishes.put(vm, List.copyOf(wanted));
        }
        case Change.Refused refused -> {}
        // Whoever asked decides what comes next; putting the old one back would be a guess.
        case Change.InDoubt doubt -> wishes.remove(vm);
      }
      if (change instanceof Change.Verified(boolean changed) && changed) {
        keepForReload();
      }
      return change;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes everything again as it was verified to be: HAProxy may have been reloaded or restarted,
   * or somebody has changed it.
   *
   * @return how many VMs had to be put right
   */
  public int reapply() {
    lock.lock();
    try {
      int corrected = 0;
      if (wishes.isEmpty() || !(look(List.copyOf(allWishes())) instanceof Seen(var servers))) {
        return 0;
      }
      for (List<ServerWish> wanted : wishes.values()) {
        boolean fine = wanted.stream().allMatch(wish -> isMet(wish, servers));
        if (!fine && change(wanted) instanceof Change.Verified) {
          corrected++;
        }
      }
      return corrected;
    } finally {
      lock.unlock();
    }
  }

  private List<ServerWish> allWishes() {
    return wishes.values().stream().flatMap(List::stream).toList();
  }

  private Change change(List<ServerWish> wanted) {
    return switch (look(wanted)) {
      case Unseen(String why) -> new Change.Refused("unreachable", why);
      case Seen(var before) -> change(wanted, before);
    };
  }

  private Change change(List<ServerWish> wanted, Map<ServerName, ServerState> before) {
    List<String> commands = new ArrayList<>();
    List<ServerWish> back = new ArrayList<>();
    for (ServerWish wish : wanted) {
      ServerState is = before.get(wish.name());
      if (is == null) {
        return new Change.Refused(
            "no-server", "%s has no server %s".formatted(name(), wish.name()));
      }
      if (!wish.isMetBy(is)) {
        commands.addAll(wish.commands(is));
        back.add(ServerWish.asIt(is));
      }
    }
    return commands.isEmpty() ? new Change.Verified(false) : carryOut(wanted, commands, back);
  }

  private Change carryOut(List<ServerWish> wanted, List<String> commands, List<ServerWish> back) {
    return switch (api.ask(String.join("; ", commands))) {
      case NotAsked(String why) -> new Change.Refused("unreachable", why);
      case NoAnswer(String why) ->
          look(wanted) instanceof Seen(var servers) && areMet(wanted, servers)
              ? new Change.Verified(true)
              : new Change.InDoubt("%s: %s".formatted(name(), why));
      case Said(String text) -> readBack(wanted, back, text);
    };
  }

  private Change readBack(List<ServerWish> wanted, List<ServerWish> back, String said) {
    return switch (look(wanted)) {
      case Unseen(String why) ->
          new Change.InDoubt("%s was told and can't be asked: %s".formatted(name(), why));
      case Seen(var servers) ->
          areMet(wanted, servers) ? new Change.Verified(true) : undo(back, servers, said);
    };
  }

  private Change undo(List<ServerWish> back, Map<ServerName, ServerState> now, String said) {
    List<String> commands = new ArrayList<>();
    for (ServerWish wish : back) {
      ServerState is = now.get(wish.name());
      if (is != null && !wish.isMetBy(is)) {
        commands.addAll(wish.commands(is));
      }
    }
    String why = "%s said: %s".formatted(name(), oneLine(said));
    if (!commands.isEmpty()) {
      Reply undone = api.ask(String.join("; ", commands));
      if (!(undone instanceof Said)) {
        return new Change.InDoubt(why + "; taking it back failed");
      }
    }
    return look(back) instanceof Seen(var servers) && areMet(back, servers)
        ? new Change.Refused("not-accepted", why)
        : new Change.InDoubt(why + "; it was not seen to be as before");
  }

  private static boolean areMet(List<ServerWish> wanted, Map<ServerName, ServerState> servers) {
    return wanted.stream().allMatch(wish -> isMet(wish, servers));
  }

  private static boolean isMet(ServerWish wish, Map<ServerName, ServerState> servers) {
    ServerState state = servers.get(wish.name());
    return state != null && wish.isMetBy(state);
  }

  private Look look(List<ServerWish> at) {
    Map<ServerName, ServerState> servers = new TreeMap<>();
    TreeSet<String> backends = new TreeSet<>();
    at.forEach(wish -> backends.add(wish.name().backend()));
    // One backend is asked for by its name; for several, everything is one question too.
    String question =
        backends.size() == 1 ? "show servers state " + backends.getFirst() : "show servers state";
    Reply reply = api.ask(question);
    if (!(reply instanceof Said(String text))) {
      return new Unseen(describe(reply));
    }
    if (text.startsWith("Can't find backend")) {
      return new Seen(servers);
    }
    Optional<List<ServerState>> states = ServerState.parse(text);
    if (states.isEmpty()) {
      return new Unseen("%s said: %s".formatted(name(), oneLine(text)));
    }
    states.get().forEach(state -> servers.put(state.name(), state));
    return new Seen(servers);
  }

  private static String describe(Reply reply) {
    return switch (reply) {
      case Said(String text) -> oneLine(text);
      case NotAsked(String why) -> why;
      case NoAnswer(String why) -> why;
    };
  }

  private static String oneLine(String text) {
    String line = text.strip().replaceAll("\\s*\\n\\s*", " | ");
    return line.length() > 300 ? line.substring(0, 300) + "..." : line;
  }

  /** Read at a reload; what it doesn't bring back is left to {@link #reapply}. */
  private void keepForReload() {
    if (settings.stateFile().isEmpty()
        || !(api.ask("show servers state") instanceof Said(var all))) {
      return;
    }
    Path file = settings.stateFile().get();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.writeString(fresh, all);
      stateFileWritten = true;
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      // The change itself stands, and reapply puts right what a reload forgets.
      stateFileWritten = false;
    }
  }
}
