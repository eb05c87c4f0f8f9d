package io.penumbra.adapter.qemu.capture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.Disk;
import io.penumbra.adapter.qemu.nbd.Extent;
import io.penumbra.adapter.qemu.nbd.NbdClient;
import io.penumbra.adapter.qemu.qmp.EventWatch;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.adapter.qemu.qmp.QmpEvent;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.file.FileData;
import io.penumbra.sync.file.ScratchFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * One disk of a running guest. QEMU marks written blocks in a bitmap; to ask is to have it mark in
 * another from now on, and to read the first over NBD. A raw image is read where it lies; of any
 * other format there is a copy that is kept as the disk is, block by block, over NBD as well.
 */
final class DiskTracker implements AutoCloseable {

  /** All that is ours in a QEMU starts with this; what an agent before left behind, too. */
  static final String PREFIX = "penumbra-";

  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final Duration POLL = Duration.ofMillis(5);
  private static final int WRITTEN = 1;
  private static final int HOLE_OR_ZERO = 3;

  private final QmpClient qmp;
  private final Disk disk;
  private final long bytes;
  private final Path socket;
  private final Arena arena = Arena.ofShared();
  private final FileChannel file;
  private final Optional<ScratchFile> copy;
  private final Optional<FileData> rawData;
  private final MemorySegment content;
  private boolean firstLook = true;

  /** Read from bitmaps, and not told yet. */
  private BitSet owed = new BitSet();

  /** Whether an export of ours may be there. */
  private boolean exported;

  private DiskTracker(QmpClient qmp, Disk disk, long bytes, Path socket) throws IOException {
    this.qmp = qmp;
    this.disk = disk;
    this.bytes = bytes;
    this.socket = socket;
    file = FileChannel.open(disk.file(), StandardOpenOption.READ);
    if (disk.format() == Disk.Format.RAW) {
      copy = Optional.empty();
      rawData = FileData.of(disk.file(), bytes);
      content = file.map(MapMode.READ_ONLY, 0, bytes, arena);
    } else {
      Path directory = disk.file().getParent();
      ScratchFile scratch = ScratchFile.in(directory == null ? Path.of("/") : directory);
      copy = Optional.of(scratch);
      rawData = Optional.empty();
      content = scratch.allocate(PageSize.pagesFor(bytes) << PageSize.SHIFT).asSlice(0, bytes);
    }
  }

  /** Begins to track; everything that is on the disk counts as written. */
  static Reply<DiskTracker> open(QmpClient qmp, Disk disk, long bytes, Path socket) {
    return qmp.execute(add(disk, bitmap(0)))
        .then(_ -> {
          try {
            return Reply.done(new DiskTracker(qmp, disk, bytes, socket));
          } catch (IOException e) {
            return Reply.refused("%s: %s".formatted(disk.file(), e.getMessage()));
          }
        });
  }

  private static String bitmap(int turn) {
    return PREFIX + turn;
  }

  private static QmpCommand add(Disk disk, String bitmap) {
    return QmpCommand.of("block-dirty-bitmap-add")
        .with("node", disk.name())
        .with("name", bitmap)
        .with("granularity", PageSize.BYTES);
  }

  long bytes() {
    return bytes;
  }

  /** What is on the disk; of a format other than raw, as of the last call of {@link #written}. */
  MemorySegment content() {
    return content;
  }

  /**
   * Has the host write out what it holds back of the image. QEMU does the same whenever it stops a
   * guest; what is written before the pause is not waited for in it.
   */
  void flush() {
    try {
      file.force(false);
    } catch (IOException _) {
      // QEMU will meet the same trouble, and tell the guest.
    }
  }

  /**
   * Pages that were written since this was asked before; content is current in them. Nothing is
   * lost by a failure: what QEMU has marked and nobody has read yet is told the next time.
   */
  Reply<BitSet> written() {
    if (firstLook) {
      return everything()
          .map(pages -> {
            firstLook = false;
            return pages;
          });
    }
    return bitmaps().then(this::written);
  }

  /**
   * What QEMU marks written blocks in.
   *
   * @param recording whether it does so still; one that does not was swapped, and not removed yet
   */
  private record Bitmap(int turn, long count, boolean recording) {}

  /** Ours, as QEMU has them now: whether it did what it was told is not known for certain here. */
  private Reply<List<Bitmap>> bitmaps() {
    return qmp.execute(QmpCommand.of("query-named-block-nodes").with("flat", true))
        .map(nodes -> {
          List<Bitmap> found = new ArrayList<>();
          for (JsonNode node : nodes) {
            if (node.path("node-name").asText().equals(disk.name())) {
              for (JsonNode bitmap : node.path("dirty-bitmaps")) {
                turn(bitmap.path("name").asText())
                    .ifPresent(turn ->
                        found.add(
                            new Bitmap(
                                turn,
                                bitmap.path("count").asLong(),
                                bitmap.path("recording").asBoolean())));
              }
            }
          }
          return found;
        });
  }

  private static OptionalInt turn(String bitmap) {
    return bitmap.matches(PREFIX + "\\d{1,9}")
        ? OptionalInt.of(Integer.parseInt(bitmap.substring(PREFIX.length())))
        : OptionalInt.empty();
  }

  /** Most of the time nothing was written; to know that has taken one question. */
  private Reply<BitSet> written(List<Bitmap> there) {
    Optional<Bitmap> current = there.stream().filter(Bitmap::recording).findFirst();
    if (current.isEmpty()) {
      return Reply.refused("QEMU does not mark what is written to %s".formatted(disk.name()));
    }
    List<Bitmap> full = new ArrayList<>(there);
    full.removeIf(Bitmap::recording);
    Reply<Integer> done = Reply.done(0);
    if (current.get().count() > 0) {
      int next = there.stream().mapToInt(Bitmap::turn).max().orElse(0) + 1;
      done = swap(current.get(), next).map(_ -> next);
      full.add(current.get());
    }
    for (Bitmap unread : full) {
      done = done.then(_ -> read(unread));
    }
    return done.map(_ -> {
      BitSet pages = owed;
      owed = new BitSet();
      return pages;
    });
  }

  private Reply<BitSet> everything() {
    if (rawData.isPresent()) {
      Optional<BitSet> data = rawData.get().pages();
      BitSet all = new BitSet();
      all.set(0, (int) PageSize.pagesFor(bytes));
      return Reply.done(data.orElse(all));
    }
    return export(
        Optional.empty(), "base:allocation", extent -> (extent.flags() & HOLE_OR_ZERO) == 0);
  }

  private Reply<JsonNode> swap(Bitmap full, int next) {
    QmpCommand swap = QmpCommand.of("transaction");
    ArrayNode actions = swap.arguments().putArray("actions");
    actions
        .addObject()
        .put("type", "block-dirty-bitmap-add")
        .set("data", add(disk, bitmap(next)).arguments());
    actions
        .addObject()
        .put("type", "block-dirty-bitmap-disable")
        .putObject("data")
        .put("node", disk.name())
        .put("name", bitmap(full.turn()));
    return qmp.execute(swap);
  }

  /** Its pages are owed from then on, and it is removed: if that fails, it is read once more. */
  private Reply<Integer> read(Bitmap full) {
    String name = bitmap(full.turn());
    return export(
            Optional.of(name),
            "qemu:dirty-bitmap:" + name,
            extent -> (extent.flags() & WRITTEN) != 0)
        .then(pages -> {
          owed.or(pages);
          return remove(full).map(_ -> full.turn());
        });
  }

  private Reply<JsonNode> remove(Bitmap bitmap) {
    return qmp.execute(
        QmpCommand.of("block-dirty-bitmap-remove")
            .with("node", disk.name())
            .with("name", bitmap(bitmap.turn())));
  }

  private Reply<BitSet> export(Optional<String> bitmap, String context, Predicate<Extent> wanted) {
    String id = PREFIX + disk.name();
    QmpCommand add =
        QmpCommand.of("block-export-add")
            .with("type", "nbd")
            .with("id", id)
            .with("node-name", disk.name())
            .with("name", disk.name());
    bitmap.ifPresent(name -> add.arguments().putArray("bitmaps").add(name));
    return sweep(id)
        .then(_ -> {
          exported = true;
          return qmp.execute(add);
        })
        .then(_ -> {
          Reply<BitSet> pages = read(context, wanted);
          return unexport(id)
              .then(_ -> {
                exported = false;
                return pages;
              });
        });
  }

  /** An attempt that failed may have left its export, or have it go only now. */
  private Reply<String> sweep(String id) {
    long until = System.nanoTime() + TIMEOUT.toNanos();
    while (exported) {
      Reply<JsonNode> there = qmp.execute("query-block-exports");
      if (!there.isDone()) {
        return there.map(_ -> id);
      }
      exported = there.found().stream().flatMap(JsonNode::valueStream).anyMatch(isNamed(id));
      if (exported) {
        if (System.nanoTime() > until) {
          return Reply.unknown("export %s does not go".formatted(id));
        }
        // Refused by one that is about to go.
        qmp.execute(QmpCommand.of("block-export-del").with("id", id).with("mode", "hard"));
        LockSupport.parkNanos(POLL.toNanos());
      }
    }
    return Reply.done(id);
  }

  private static Predicate<JsonNode> isNamed(String id) {
    return export -> export.path("id").asText().equals(id);
  }

  /** Waits until it is gone: until then it keeps its bitmap. */
  private Reply<QmpEvent> unexport(String id) {
    try (EventWatch gone = qmp.watch("BLOCK_EXPORT_DELETED")) {
      return qmp.execute(QmpCommand.of("block-export-del").with("id", id).with("mode", "hard"))
          .then(_ ->
              gone.await(event -> event.data().path("id").asText().equals(id), TIMEOUT)
                  .map(Reply::done)
                  .orElseGet(() -> Reply.unknown("export %s does not go".formatted(id))));
    }
  }

  private Reply<BitSet> read(String context, Predicate<Extent> wanted) {
    try (NbdClient client = NbdClient.connect(socket, disk.name(), context, TIMEOUT)) {
      BitSet pages = new BitSet();
      for (Extent extent : client.status()) {
        if (wanted.test(extent)) {
          pages.set(
              (int) (extent.offset() >>> PageSize.SHIFT), (int) PageSize.pagesFor(extent.end()));
          if (copy.isPresent()) {
            client.read(extent.offset(), extent.bytes(), content, extent.offset());
          }
        }
      }
      return Reply.done(pages);
    } catch (IOException e) {
      return Reply.unknown("%s over NBD: %s".formatted(disk.name(), e.getMessage()));
    }
  }

  @Override
  public void close() {
    bitmaps().found().ifPresent(ours -> ours.forEach(this::remove));
    rawData.ifPresent(FileData::close);
    arena.close();
    try {
      file.close();
      if (copy.isPresent()) {
        copy.get().close();
      }
    } catch (IOException _) {
      // It has no name any more, and goes with the process.
    }
  }
}
