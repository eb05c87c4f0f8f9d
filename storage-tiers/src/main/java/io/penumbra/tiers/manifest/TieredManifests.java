package io.penumbra.tiers.manifest;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.disk.Disk;
import io.penumbra.tiers.manifest.ManifestStore.Commit.ChunksMissing;
import io.penumbra.tiers.manifest.ManifestStore.Commit.Committed;
import io.penumbra.tiers.manifest.ManifestStore.Commit.Conflict;
import io.penumbra.tiers.manifest.ManifestStore.Commit.Held;
import io.penumbra.tiers.manifest.ManifestStore.Commit.MissingBase;
import io.penumbra.tiers.object.ObjectTier;
import io.penumbra.tiers.seal.ChunkSeal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Manifests in both tiers: first durable on this machine, then written to the object tier on the
 * condition that nobody has that version yet. That condition is the only referee between writers;
 * any S3 that knows {@code If-None-Match} can be it.
 *
 * <p>A conditional write alone would let a writer through who is so far behind that retention has
 * already removed the version he wants to write. So after every write the versions are listed: if
 * there is a higher one, he has lost. Until then his manifest did no harm, for readers take the
 * highest.
 */
public final class TieredManifests implements ManifestStore {

  private static final String PREFIX = "manifests/";
  private static final String HELD = ".held";
  private static final String KEPT = ".kept";

  private final Disk disk;
  private final ObjectTier objects;
  private final ManifestCodec codec;
  private final ChunkPins pins;
  private final RestoreOrders orders;
  private final Map<VmId, Line> lines = new ConcurrentHashMap<>();

  /** What is known of one VM's versions. Guarded by itself. */
  private static final class Line {
    final VmId vm;

    /** Highest that the referee is known to have; 0 for none, empty when nobody has looked yet. */
    OptionalLong newest = OptionalLong.empty();

    /** On this machine, and not yet seen by the referee. */
    final TreeSet<Long> held = new TreeSet<>();

    /** On this machine, and the referee had it. */
    final TreeSet<Long> kept = new TreeSet<>();

    Line(VmId vm) {
      this.vm = vm;
    }
  }

  private TieredManifests(
      Disk disk, ObjectTier objects, ChunkSeal seal, String writer, ChunkPins pins) {
    this.disk = disk;
    this.objects = objects;
    this.codec = new ManifestCodec(seal, writer);
    this.orders = new RestoreOrders(disk, objects, seal);
    this.pins = pins;
  }

  /**
   * Opens the manifests of this machine.
   *
   * @param writer name of this store, the same at every opening
   */
  public static TieredManifests open(
      Disk disk, ObjectTier objects, ChunkSeal seal, String writer, ChunkPins pins)
      throws IOException {
    TieredManifests manifests = new TieredManifests(disk, objects, seal, writer, pins);
    manifests.load();
    return manifests;
  }

  private void load() throws IOException {
    disk.makeDirectories("manifests");
    for (String directory : disk.list("manifests")) {
      Line line = line(ManifestNames.vm(directory));
      for (String file : disk.list(PREFIX + directory)) {
        int dot = file.indexOf('.');
        OptionalLong version =
            dot < 0 ? OptionalLong.empty() : ManifestNames.version(file.substring(0, dot));
        if (version.isPresent() && file.endsWith(HELD)) {
          line.held.add(version.getAsLong());
        } else if (version.isPresent() && file.endsWith(KEPT)) {
          line.kept.add(version.getAsLong());
        } else {
          disk.delete(PREFIX + directory + "/" + file);
        }
      }
      line.held.removeAll(line.kept);
    }
  }

  private Line line(VmId vm) {
    return lines.computeIfAbsent(vm, Line::new);
  }

  // ------------------------------------------------------------------ commit

  @Override
  public Commit commit(Manifest manifest, long expected) {
    Line line = line(manifest.vm());
    List<ChunkId> missing = pins.pin(manifest.chunks());
    if (!missing.isEmpty()) {
      return new ChunksMissing(missing);
    }
    try {
      pins.sync();
      synchronized (line) {
        return commit(line, manifest, expected);
      }
    } catch (IOException e) {
      return new Unavailable("this machine's SSD: " + e);
    } finally {
      pins.unpin(manifest.chunks());
    }
  }

  private Commit commit(Line line, Manifest manifest, long expected) throws IOException {
    if (!line.held.isEmpty()) {
      // What is older has to be settled first, or the order would be lost.
      settle(line);
    }
    Optional<Unavailable> away = newestAgrees(line, expected) ? Optional.empty() : refresh(line);
    long newest = newest(line);
    if (newest != expected) {
      return new Conflict(expected, newest);
    }
    if (manifest.base() != 0 && !exists(line, manifest.base())) {
      return new MissingBase(manifest.base());
    }
    long version = expected + 1;
    ByteBuffer content = codec.encode(version, manifest);
    disk.makeDirectories(ManifestNames.directory(line.vm));
    disk.writeWhole(path(line.vm, version, HELD), content);
    line.held.add(version);
    if (away.isPresent() || line.held.size() > 1) {
      return new Held(
          version, away.map(Unavailable::reason).orElse("older manifests wait as well"));
    }
    return switch (settle(line, version, content)) {
      case Settled.Won _ -> new Committed(version);
      case Settled.Lost(long higher) -> new Conflict(expected, higher);
      case Settled.Waits(String reason) -> new Held(version, reason);
    };
  }

  private static boolean newestAgrees(Line line, long expected) {
    return line.held.isEmpty()
        ? line.newest.isPresent() && line.newest.getAsLong() == expected
        : line.held.last() == expected;
  }

  /** The newest version as far as this machine knows. */
  private static long newest(Line line) {
    long known = line.newest.orElse(line.kept.isEmpty() ? 0 : line.kept.last());
    return line.held.isEmpty() ? known : Math.max(known, line.held.last());
  }

  /** Asks the referee for the newest; says why he doesn't answer. */
  private Optional<Unavailable> refresh(Line line) {
    return switch (listed(line.vm)) {
      case Versions.Known(List<Long> versions) -> {
        line.newest = OptionalLong.of(versions.isEmpty() ? 0 : versions.getLast());
        yield Optional.empty();
      }
      case Unavailable away -> Optional.of(away);
    };
  }

  private boolean exists(Line line, long version) {
    return line.held.contains(version)
        || line.kept.contains(version)
        || (listed(line.vm) instanceof Versions.Known(List<Long> versions)
            && versions.contains(version));
  }

  /** What the referee says to one version. */
  private sealed interface Settled {
    record Won() implements Settled {}

    record Lost(long newest) implements Settled {}

    record Waits(String reason) implements Settled {}
  }

  private Settled settle(Line line, long version, ByteBuffer content) throws IOException {
    String key = key(line.vm, version);
    ObjectTier.Write write = objects.putIfAbsent(key, content);
    if (write instanceof ObjectTier.Unavailable(String reason)) {
      return new Settled.Waits(reason);
    }
    if (write instanceof ObjectTier.Write.Full(String reason)) {
      return new Settled.Waits(reason);
    }
    if (write instanceof ObjectTier.Write.Exists) {
      // Maybe it is ours: a write whose answer got lost looks like this when it is repeated.
      ObjectTier.Fetch there = objects.get(key);
      if (there instanceof ObjectTier.Unavailable(String reason)) {
        return new Settled.Waits(reason);
      }
      if (!(there instanceof ObjectTier.Fetch.Content(ByteBuffer bytes) && bytes.equals(content))) {
        return lose(line);
      }
    }
    if (!(listed(line.vm) instanceof Versions.Known(List<Long> versions))) {
      return new Settled.Waits("the object tier took it but doesn't say whether it is the newest");
    }
    if (versions.isEmpty() || versions.getLast() > version) {
      objects.delete(key);
      return lose(line);
    }
    disk.rename(path(line.vm, version, HELD), path(line.vm, version, KEPT));
    // While the object tier is away, this name is all that says which version is the newest.
    disk.syncDirectory(ManifestNames.directory(line.vm));
    line.held.remove(version);
    line.kept.add(version);
    line.newest = OptionalLong.of(version);
    return new Settled.Won();
  }

  /** Another writer has won: whatever waits here has no future. */
  private Settled lose(Line line) throws IOException {
    for (long version : line.held) {
      disk.delete(path(line.vm, version, HELD));
    }
    if (!line.held.isEmpty()) {
      disk.syncDirectory(ManifestNames.directory(line.vm));
    }
    line.held.clear();
    line.newest = OptionalLong.empty();
    refresh(line);
    return new Settled.Lost(newest(line));
  }

  // ------------------------------------------------------------------ catching up

  /**
   * What sending held manifests came to.
   *
   * @param settled that the referee took
   * @param lost VMs whose held manifests came too late
   * @param problem why there are still some
   */
  public record CatchUp(int settled, List<VmId> lost, Optional<String> problem) {

    public CatchUp {
      lost = List.copyOf(lost);
    }
  }

  /** Sends what was held while the object tier was away. */
  public CatchUp catchUp() throws IOException {
    int settled = 0;
    List<VmId> lost = new ArrayList<>();
    Optional<String> problem = Optional.empty();
    for (VmId vm : new TreeSet<>(lines.keySet())) {
      Line line = line(vm);
      synchronized (line) {
        int before = line.held.size();
        Settled last = settle(line);
        if (last instanceof Settled.Lost) {
          lost.add(vm);
        } else {
          settled += before - line.held.size();
        }
        if (last instanceof Settled.Waits(String reason)) {
          problem = Optional.of(reason);
        }
      }
      if (problem.isPresent()) {
        break;
      }
    }
    return new CatchUp(settled, lost, problem);
  }

  private Settled settle(Line line) throws IOException {
    Settled last = new Settled.Won();
    while (!line.held.isEmpty() && last instanceof Settled.Won) {
      long version = line.held.first();
      ByteBuffer content;
      try {
        content = whole(path(line.vm, version, HELD));
      } catch (NoSuchFileException e) {
        line.held.remove(version);
        continue;
      }
      last = settle(line, version, content);
    }
    return last;
  }

  /** How many manifests the referee hasn't seen. */
  public int held() {
    int held = 0;
    for (Line line : lines.values()) {
      synchronized (line) {
        held += line.held.size();
      }
    }
    return held;
  }

  // ------------------------------------------------------------------ reading

  @Override
  public Reading newest(VmId vm) {
    Line line = line(vm);
    long newest;
    synchronized (line) {
      Optional<Unavailable> away = refresh(line);
      newest = newest(line);
      if (newest == 0) {
        return away.<Reading>map(unavailable -> unavailable)
            .orElseGet(() -> new Reading.NotFound(vm));
      }
    }
    return read(vm, newest);
  }

  @Override
  public Reading read(VmId vm, long version) {
    for (String suffix : List.of(KEPT, HELD)) {
      try {
        if (codec.decode(vm, version, whole(path(vm, version, suffix)))
            instanceof Reading.Found found) {
          return found;
        }
      } catch (IOException e) {
        // Then the object tier is asked.
      }
    }
    return switch (objects.get(key(vm, version))) {
      case ObjectTier.Fetch.Content(ByteBuffer content) -> {
        Reading reading = codec.decode(vm, version, content);
        if (reading instanceof Reading.Found) {
          remember(vm, version, content);
        }
        yield reading;
      }
      case ObjectTier.Fetch.Missing _ -> new Reading.NotFound(vm);
      case ObjectTier.Unavailable away -> new Unavailable(away.reason());
    };
  }

  /** Mends this machine's copy if it ought to have one. */
  private void remember(VmId vm, long version, ByteBuffer content) {
    Line line = line(vm);
    synchronized (line) {
      if (line.kept.contains(version)) {
        try {
          disk.writeWhole(path(vm, version, KEPT), content);
        } catch (IOException e) {
          // It is only the second copy.
        }
      }
    }
  }

  /**
   * What checking a VM's manifests came to.
   *
   * @param manifests checked
   * @param bytes read
   * @param damaged copies that are not what was committed
   * @param mended of these
   * @param problems manifests that no tier has whole, and what couldn't be read
   */
  public record Finding(int manifests, long bytes, int damaged, int mended, List<String> problems) {

    public Finding {
      problems = List.copyOf(problems);
    }
  }

  /**
   * Reads every copy of every manifest of a VM, and mends one tier's from the other's. A copy that
   * is not there stays away: it may have been removed, and its chunks with it.
   */
  public Finding check(VmId vm) throws IOException {
    Check check = new Check(vm);
    switch (versions(vm)) {
      case Versions.Known(List<Long> versions) -> {
        for (long version : versions) {
          Line line = line(vm);
          synchronized (line) {
            check.version(version, line.kept.contains(version));
          }
        }
      }
      case Unavailable(String reason) -> check.problems.add(reason);
    }
    return new Finding(check.manifests, check.bytes, check.damaged, check.mended, check.problems);
  }

  private final class Check {
    private final VmId vm;
    private final List<String> problems = new ArrayList<>();
    private int manifests;
    private long bytes;
    private int damaged;
    private int mended;

    Check(VmId vm) {
      this.vm = vm;
    }

    void version(long version, boolean kept) throws IOException {
      Optional<ByteBuffer> here = kept ? local(version) : Optional.empty();
      Optional<ByteBuffer> there = Optional.empty();
      switch (objects.get(key(vm, version))) {
        case ObjectTier.Fetch.Content(ByteBuffer content) -> there = Optional.of(content);
        case ObjectTier.Fetch.Missing _ -> {
          // Held, or removed since it was listed.
        }
        case ObjectTier.Unavailable(String reason) -> {
          problems.add(reason);
          return;
        }
      }
      manifests++;
      bytes +=
          here.map(ByteBuffer::remaining).orElse(0) + there.map(ByteBuffer::remaining).orElse(0);
      boolean badHere = here.filter(content -> !whole(version, content)).isPresent();
      boolean badThere = there.filter(content -> !whole(version, content)).isPresent();
      damaged += (badHere ? 1 : 0) + (badThere ? 1 : 0);
      if (badHere && there.isPresent() && !badThere) {
        disk.writeWhole(path(vm, version, KEPT), there.get());
        mended++;
      } else if (badThere && here.isPresent() && !badHere) {
        mendThere(version, here.get());
      } else if (badHere || badThere) {
        problems.add("no tier has version %d of %s whole".formatted(version, vm));
      }
    }

    private void mendThere(long version, ByteBuffer content) {
      if (objects.put(key(vm, version), content) instanceof ObjectTier.Write.Written) {
        mended++;
      } else {
        problems.add("version %d of %s can't be mended now".formatted(version, vm));
      }
    }

    private Optional<ByteBuffer> local(long version) throws IOException {
      try {
        return Optional.of(TieredManifests.this.whole(path(vm, version, KEPT)));
      } catch (NoSuchFileException e) {
        return Optional.of(ByteBuffer.allocate(0));
      }
    }

    private boolean whole(long version, ByteBuffer content) {
      return !(codec.decode(vm, version, content) instanceof Reading.Corrupt);
    }
  }

  private ByteBuffer whole(String path) throws IOException {
    return disk.read(path, 0, ObjectTier.OBJECT_BYTES_MAX);
  }

  @Override
  public Versions versions(VmId vm) {
    return switch (listed(vm)) {
      case Versions.Known(List<Long> listed) -> {
        SortedSet<Long> all = new TreeSet<>(listed);
        Line line = line(vm);
        synchronized (line) {
          all.addAll(line.held);
        }
        yield new Versions.Known(List.copyOf(all));
      }
      case Unavailable away -> away;
    };
  }

  private Versions listed(VmId vm) {
    String prefix = ManifestNames.directory(vm) + "/";
    return switch (objects.list(prefix)) {
      case ObjectTier.Listing.Entries(List<ObjectTier.Entry> entries) ->
          new Versions.Known(
              entries.stream()
                  .map(entry -> ManifestNames.version(entry.key().substring(prefix.length())))
                  .filter(OptionalLong::isPresent)
                  .map(OptionalLong::getAsLong)
                  .sorted(Comparator.naturalOrder())
                  .toList());
      case ObjectTier.Unavailable(String reason) -> new Unavailable(reason);
    };
  }

  @Override
  public Vms vms() {
    return switch (objects.list(PREFIX)) {
      case ObjectTier.Listing.Entries(List<ObjectTier.Entry> entries) -> {
        SortedSet<VmId> all = new TreeSet<>();
        for (ObjectTier.Entry entry : entries) {
          String rest = entry.key().substring(PREFIX.length());
          int slash = rest.indexOf('/');
          if (slash > 0) {
            all.add(ManifestNames.vm(rest.substring(0, slash)));
          }
        }
        for (Line line : lines.values()) {
          synchronized (line) {
            if (!line.held.isEmpty()) {
              all.add(line.vm);
            }
          }
        }
        yield new Vms.Known(List.copyOf(all));
      }
      case ObjectTier.Unavailable(String reason) -> new Unavailable(reason);
    };
  }

  // ------------------------------------------------------------------ removal

  @Override
  public Removal remove(VmId vm, long version) {
    Line line = line(vm);
    synchronized (line) {
      switch (versions(vm)) {
        case Unavailable away -> {
          return away;
        }
        case Versions.Known(List<Long> versions) -> {
          if (!versions.isEmpty() && versions.getLast() == version) {
            return new Removal.IsNewest(version);
          }
          for (long later : versions) {
            if (later > version
                && read(vm, later) instanceof Reading.Found found
                && found.manifest().base() == version) {
              return new Removal.NeededBy(later);
            }
          }
        }
      }
      return erase(line, version);
    }
  }

  @Override
  public Removal forget(VmId vm, long newest, Instant at) {
    return switch (marked(vm, newest, at)) {
      case Removal.Removed(VmId _, long mark) -> removeBelow(line(vm), mark);
      case Removal refused -> refused;
    };
  }

  /** The referee has a mark on top when this answers {@code Removed} with its version. */
  private Removal marked(VmId vm, long newest, Instant at) {
    Line line = line(vm);
    try {
      synchronized (line) {
        // What waits here may be the mark of an earlier try; one that is only here protects nobody.
        settle(line);
        if (!line.held.isEmpty()) {
          return new Unavailable("the object tier doesn't take what waits here for it");
        }
      }
    } catch (IOException e) {
      return new Unavailable("this machine's SSD: " + e);
    }
    switch (listed(vm)) {
      case Unavailable away -> {
        return away;
      }
      case Versions.Known(List<Long> versions) -> {
        long there = versions.isEmpty() ? 0 : versions.getLast();
        if (there != newest) {
          return new Removal.Overtaken(there);
        }
      }
    }
    if (read(vm, newest) instanceof Reading.Found found && found.manifest().isMark()) {
      return new Removal.Removed(vm, newest);
    }
    return switch (commit(Manifest.mark(vm, at), newest)) {
      case Committed(long version) -> new Removal.Removed(vm, version);
      case Conflict(long _, long there) -> new Removal.Overtaken(there);
      case Held(long _, String why) -> new Unavailable(why);
      case Unavailable away -> away;
      case ChunksMissing _, MissingBase _ ->
          throw new IllegalStateException("a mark of %s names nothing".formatted(vm));
    };
  }

  /** Newest first, so that what others build on goes after them. */
  private Removal removeBelow(Line line, long mark) {
    synchronized (line) {
      if (!(listed(line.vm) instanceof Versions.Known(List<Long> versions))) {
        return new Unavailable("the object tier has the mark, but doesn't say what else it has");
      }
      TreeSet<Long> below = new TreeSet<>(line.kept);
      below.addAll(versions);
      for (long version : below.headSet(mark, false).descendingSet()) {
        Removal removal = remove(line.vm, version);
        if (!(removal instanceof Removal.Removed)) {
          return removal;
        }
      }
      // What a machine that is gone used to read first is of use to nobody.
      return orders.forget(line.vm)
          ? new Removal.Removed(line.vm, mark)
          : new Unavailable("the order of its restores could not be removed");
    }
  }

  /** Lets go of this machine's copies of what another has removed below a mark. */
  public void tidy(VmId vm, long mark) {
    Line line = line(vm);
    synchronized (line) {
      List<Long> below = List.copyOf(line.kept.headSet(mark));
      if (!below.isEmpty() && listed(vm) instanceof Versions.Known(List<Long> versions)) {
        below.stream()
            .filter(version -> !versions.contains(version))
            .forEach(version -> erase(line, version));
      }
    }
  }

  private Removal erase(Line line, long version) {
    if (objects.delete(key(line.vm, version)) instanceof ObjectTier.Unavailable(String reason)) {
      return new Unavailable(reason);
    }
    try {
      boolean kept = disk.delete(path(line.vm, version, KEPT));
      boolean held = disk.delete(path(line.vm, version, HELD));
      if (kept || held) {
        // Its chunks are collected next: it must not come back after a power cut.
        disk.syncDirectory(ManifestNames.directory(line.vm));
      }
      line.kept.remove(version);
      line.held.remove(version);
      return new Removal.Removed(line.vm, version);
    } catch (IOException e) {
      return new Unavailable("this machine's SSD: " + e);
    }
  }

  private static String key(VmId vm, long version) {
    return ManifestNames.directory(vm) + "/" + ManifestNames.version(version);
  }

  private static String path(VmId vm, long version, String suffix) {
    return key(vm, version) + suffix;
  }
}
