package io.penumbra.app.store;

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
      "Puts and gets chunks of 64 KiB of noise in DIR/bench and says how fast that was.",
      "The store it makes there is left for a look; delete it when you like."
    })
final class StoreBenchCommand implements Callable<Integer> {

  private static final int CHUNK_BYTES = 64 << 10;

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
    StorageSettings settings = options.settings();
    PrintWriter err = spec.commandLine().getErr();
    try (OpenStore open =
        StoreOptions.openOrMake(settings.in(settings.directory().resolve("bench")), err)) {
      List<ChunkId> ids = put(open.store(), err);
      get(open.store(), ids, "get, new");
      long before = System.nanoTime();
      open.store().flush();
      double seconds = (System.nanoTime() - before) / 1e9;
      line("to the object tier", mib / seconds, "MiB/s");
      get(open.store(), ids, "get, again");
    }
    return 0;
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
