package io.penumbra.adapter.openstack;

import io.penumbra.domain.BadInputException;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.fleet.Host;
import io.penumbra.scheduler.port.Cloud.HostReport;
import io.penumbra.web.Json;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Hosts and server groups as Nova last told all of them, in a file that is replaced when they have
 * changed; its date says when they were last told. While a cell of Nova's is down nobody tells
 * them, and whoever is started then goes by these. A file that can't be used is as good as none.
 */
final class LastInventory {

  private static final System.Logger LOG = System.getLogger(LastInventory.class.getName());

  /** Goes up when the meaning of the file changes. */
  private static final int FORMAT = 1;

  /** What is in the file. Conditions of hosts are not: services tell them. */
  record Page(int format, List<Host> hosts, Map<String, List<GroupId>> groups) {
    Page {
      if (format != FORMAT) {
        throw new IllegalArgumentException(
            "format %d; this version reads format %d".formatted(format, FORMAT));
      }
      hosts = List.copyOf(hosts);
      groups = new TreeMap<>(groups);
    }
  }

  private final Optional<Path> file;
  private final InstantSource clock;
  private Optional<Page> page = Optional.empty();
  private Instant told = Instant.EPOCH;
  private boolean unwritable;

  /**
   * What an earlier run has left.
   *
   * @param file empty where nothing is to outlive this run
   */
  LastInventory(Optional<Path> file, InstantSource clock) {
    this.file = file;
    this.clock = clock;
    file.filter(Files::exists).ifPresent(this::read);
  }

  private void read(Path there) {
    try {
      page = Optional.of(Json.read(there.toString(), Files.readAllBytes(there), Page.class));
      told = Files.getLastModifiedTime(there).toInstant();
    } catch (IOException | BadInputException e) {
      LOG.log(
          Level.WARNING,
          "the hosts of an earlier run can''t be read and are forgotten: {0}",
          e.getMessage());
    }
  }

  /** When all of it was last told. */
  synchronized Instant told() {
    return told;
  }

  /** The hosts of which there is a service still; empty if there are none. */
  synchronized Optional<List<HostReport>> hosts(Map<HostId, ServiceRecord> services) {
    List<HostReport> found = new ArrayList<>();
    for (Host host : page.map(Page::hosts).orElse(List.of())) {
      ServiceRecord service = services.get(host.id());
      if (service != null) {
        found.add(new HostReport(host, service.condition()));
      }
    }
    return Optional.of(found).filter(some -> !some.isEmpty());
  }

  /** Server groups, by server. */
  synchronized Optional<Map<String, List<GroupId>>> groups() {
    return page.map(Page::groups);
  }

  /** All of it was told. A file that can't be written keeps nobody from work. */
  synchronized void tell(List<HostReport> hosts, Map<String, List<GroupId>> groups) {
    if (file.isEmpty()) {
      return;
    }
    Page now = new Page(FORMAT, hosts.stream().map(HostReport::host).toList(), groups);
    told = clock.instant();
    try {
      if (!page.equals(Optional.of(now)) || !Files.exists(file.get())) {
        replace(file.get(), Json.write(now));
        page = Optional.of(now);
      }
      Files.setLastModifiedTime(file.get(), FileTime.from(told));
      unwritable = false;
    } catch (IOException e) {
      if (!unwritable) {
        LOG.log(
            Level.WARNING,
            "{0} can''t be written: {1}; a start while a cell of Nova''s is down would lack it",
            file.get(),
            e.toString());
      }
      unwritable = true;
    }
  }

  /** A crash leaves the old one or the new one. */
  private static void replace(Path file, byte[] content) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.write(
        fresh,
        content,
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE,
        StandardOpenOption.DSYNC);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
