package io.penumbra.app.store;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.app.progress.Progress;
import io.penumbra.domain.BadInputException;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.ChunkStore;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening.OpenStore;
import io.penumbra.tiers.TieredChunkStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra store bench}: how fast this machine's store is. */
@Command(
    name = "bench",
    description = {
      "Puts and gets chunks of 64 KiB of noise in DIR/bench, restores them to a file beside cp,",
      "and says how fast that was, with the chunks on SSD and then in the object tier.",
      "The store it makes there is left for a look; delete it when you like."
    })
final class StoreBenchCommand implements Callable<Integer> {

  private static final int CHUNK_BYTES = 64 << 10;
  private static final int ROUNDS = 3;

  @Spec private CommandSpec spec;
  @Mixin private StoreOptions options;

  @Option(
      names = "--mib",
      defaultValue = "256",
      description = "How much to write (default: ${DEFAULT-VALUE}).")
  private int mib;

  @Option(
      names = "--batch",
      defaultValue = "16",
      description = "Chunks made durable together (default: ${DEFAULT-VALUE}).")
  private int batch;

  @Option(names = "--seed", defaultValue = "1", description = "Makes the noise.")
  private long seed;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  StoreBenchCommand() {}

  @Override
  public Integer call() throws IOException {
    if (mib < 1 || batch < 1) {
      throw new BadInputException(
          "--mib, --batch", "%d, %d; expected 1 or more".formatted(mib, batch), "");
    }
    StorageSettings asked = options.settings();
    StorageSettings settings = asked.in(asked.directory().resolve("bench"));
    PrintWriter err = spec.commandLine().getErr();
    List<ChunkId> ids;
    try (OpenStore open = StoreOptions.openOrMake(settings, err)) {
      ids = put(open.store(), err);
      get(open.store(), ids, "get, SSD");
      restore(open.store(), ids, settings.directory(), "restore, SSD");
      long before = System.nanoTime();
      open.store().flush();
      line("to the object tier", mib / ((System.nanoTime() - before) / 1e9), "MiB/s");
    }
    // Opened with next to no SSD: all of it has to leave, and comes from below.
    try (OpenStore open = StoreOptions.openOrMake(settings.withSsdMib(1), err)) {
      open.store().upkeep();
      restore(open.store(), ids, settings.directory(), "restore, object tier");
      get(open.store(), ids, "get, object tier");
      get(open.store(), ids, "get, cached");
    }
    return 0;
  }

  /** The median of some restores, with a copy of the restored file by cp before each. */
  private void restore(TieredChunkStore store, List<ChunkId> ids, Path directory, String what)
      throws IOException {
    Path target = directory.resolve("restored");
    Path copy = directory.resolve("copied");
    double[] restores = new double[ROUNDS];
    double[] copies = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      Files.deleteIfExists(target);
      Files.deleteIfExists(copy);
      long start = System.nanoTime();
      restore(store, ids, target);
      long between = System.nanoTime();
      copy(target, copy);
      restores[round] = (between - start) / 1e9;
      copies[round] = (System.nanoTime() - between) / 1e9;
    }
    Files.delete(target);
    Files.delete(copy);
    Arrays.sort(restores);
    Arrays.sort(copies);
    line(what, mib / restores[ROUNDS / 2], "MiB/s");
    line("  beside it, cp", mib / copies[ROUNDS / 2], "MiB/s");
  }

  private static void restore(TieredChunkStore store, List<ChunkId> ids, Path target)
      throws IOException {
    try (FileChannel out = FileChannel.open(target, CREATE_NEW, WRITE)) {
      ChunkStore.ReadAll read =
          store.readAll(
              ids,
              (index, content) -> {
                long at = (long) index * CHUNK_BYTES;
                while (content.hasRemaining()) {
                  at += out.write(content, at);
                }
              });
      if (read instanceof ChunkStore.ReadAll.Stopped stopped) {
        throw new IllegalStateException("a chunk was stored and can't be read: " + stopped);
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try {
      int answer =
          new ProcessBuilder("cp", from.toString(), to.toString()).inheritIO().start().waitFor();
      if (answer != 0) {
        throw new IOException("cp ends with %d".formatted(answer));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private List<ChunkId> put(TieredChunkStore store, PrintWriter err) {
    int chunks = mib * ((1 << 20) / CHUNK_BYTES);
    SplittableRandom random = new SplittableRandom(seed);
    List<ChunkId> ids = new ArrayList<>();
    List<Long> nanos = new ArrayList<>();
    long start = System.nanoTime();
    try (Progress progress = Progress.on(err).begin("Putting", "chunks", chunks)) {
      while (ids.size() < chunks) {
        List<ByteBuffer> contents = new ArrayList<>();
        for (int i = 0; i < Math.min(batch, chunks - ids.size()); i++) {
          byte[] content = new byte[CHUNK_BYTES];
          random.nextBytes(content);
          contents.add(ByteBuffer.wrap(content));
        }
        long before = System.nanoTime();
        for (ChunkStore.Put put : store.putAll(contents)) {
          if (!(put instanceof ChunkStore.Put.Stored(ChunkId id, boolean _))) {
            throw new BadInputException(
                "store", "refuses a chunk: " + put, "Give it more room: storage.ssd.mibMax");
          }
          ids.add(id);
        }
        nanos.add(System.nanoTime() - before);
        progress.at(ids.size());
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    line("put, durable", mib / seconds, "MiB/s");
    long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
    line("  a batch of " + batch + ", p50", sorted[sorted.length / 2] / 1e6, "ms");
    line("  p99", sorted[sorted.length * 99 / 100] / 1e6, "ms");
    return ids;
  }

  private void get(TieredChunkStore store, List<ChunkId> ids, String what) {
    long[] nanos = new long[ids.size()];
    long start = System.nanoTime();
    for (int i = 0; i < ids.size(); i++) {
      long before = System.nanoTime();
      if (!(store.get(ids.get(i)) instanceof ChunkStore.Got.Found)) {
        throw new IllegalStateException(
            "chunk %s was stored and isn't there".formatted(ids.get(i)));
      }
      nanos[i] = System.nanoTime() - before;
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Arrays.sort(nanos);
    line(what, mib / seconds, "MiB/s");
    line("  a chunk, p50", nanos[nanos.length / 2] / 1e3, "us");
    line("  p99", nanos[nanos.length * 99 / 100] / 1e3, "us");
  }

  private void line(String what, double value, String unit) {
    spec.commandLine()
        .getOut()
        .println(String.format(Locale.ROOT, "%-22s %,10.1f %s", what, value, unit));
  }
}
