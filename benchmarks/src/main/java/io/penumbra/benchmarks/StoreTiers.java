package io.penumbra.benchmarks;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import io.minio.GetObjectArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.penumbra.tiers.ChunkId;
import io.penumbra.tiers.ChunkStore;
import io.penumbra.tiers.StorageSettings;
import io.penumbra.tiers.StoreOpening;
import io.penumbra.tiers.StoreOpening.OpenStore;
import io.penumbra.tiers.TieredChunkStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The chunk store beside {@code cp} and beside a plain download by the MinIO client, in one run:
 * put and get of 64 KiB chunks, hot and cold, and the restore of an image.
 *
 * <pre>
 * benchmarks/run store DIRECTORY MIB [S3-ENDPOINT]    keys in PENUMBRA_S3_ACCESS_KEY, ..._SECRET_KEY
 * </pre>
 */
public final class StoreTiers {

  private static final int CHUNK_BYTES = 64 << 10;
  private static final int BATCH = 16;
  private static final int ROUNDS = 5;
  private static final String BUCKET = "penumbra-bench";

  private final Path directory;
  private final int mib;
  private final Optional<String> endpoint;

  private StoreTiers(Path directory, int mib, Optional<String> endpoint) {
    this.directory = directory;
    this.mib = mib;
    this.endpoint = endpoint;
  }

  /** Runs it. */
  public static void main(String... arguments) throws Exception {
    if (arguments.length < 2 || arguments.length > 3) {
      throw new IllegalArgumentException("expected a directory, MiB, and maybe an S3 endpoint");
    }
    Path directory = Path.of(arguments[0]);
    Files.createDirectories(directory);
    new StoreTiers(
            directory,
            Integer.parseInt(arguments[1]),
            arguments.length == 3 ? Optional.of(arguments[2]) : Optional.empty())
        .run();
  }

  private void run() throws Exception {
    Path image = directory.resolve("image");
    writeImage(image);
    List<ChunkId> ids;
    try (OpenStore open = open("store", 1 << 20)) {
      ids = put(open.store(), image);
      gets(open.store(), ids, "get 64 KiB, SSD");
      Side restores = new Side("restore, SSD");
      Side copies = new Side("cp");
      Side coldRestores = new Side("restore, SSD, cold pages");
      Side coldCopies = new Side("cp, cold pages");
      for (int round = 0; round < ROUNDS; round++) {
        copies.time(() -> copy(image));
        restores.time(() -> restore(open.store(), ids));
        forgetPages(image);
        coldCopies.time(() -> copy(image));
        forgetPages(directory.resolve("store/packs"));
        coldRestores.time(() -> restore(open.store(), ids));
      }
      copies.beside(restores);
      coldCopies.beside(coldRestores);
      verify(image);
      long start = System.nanoTime();
      open.store().flush();
      rate("move to the object tier", start);
    }
    // The same store with an SSD too small to hold more than a tenth: nearly all is read from
    // below.
    try (OpenStore open = open("store", Math.max(64, mib / 10))) {
      open.store().upkeep();
      gets(open.store(), ids, "get 64 KiB, object tier");
      gets(open.store(), ids, "get 64 KiB, the same again");
      Side restores = new Side("restore, object tier");
      Side downloads = new Side(endpoint.isPresent() ? "plain MinIO download" : "cp");
      Download download = endpoint.isPresent() ? plainDownload(image) : () -> copy(image);
      for (int round = 0; round < ROUNDS; round++) {
        downloads.time(download);
        restores.time(() -> restore(open.store(), ids));
      }
      downloads.beside(restores);
      verify(image);
    }
  }

  private interface Download {
    void run() throws Exception;
  }

  /** One of two that are measured in turns. */
  private final class Side {
    private final String what;
    private final List<Double> seconds = new ArrayList<>();

    Side(String what) {
      this.what = what;
    }

    void time(Download work) throws Exception {
      long start = System.nanoTime();
      work.run();
      seconds.add((System.nanoTime() - start) / 1e9);
    }

    double median() {
      return seconds.stream().sorted().toList().get(seconds.size() / 2);
    }

    void beside(Side ours) {
      print();
      ours.print();
      System.out.println(
          String.format(
              Locale.ROOT, "  %s at %.2f of %s", ours.what, median() / ours.median(), what));
    }

    private void print() {
      List<Double> sorted = seconds.stream().sorted().toList();
      System.out.println(
          String.format(
              Locale.ROOT,
              "%-26s %,8.1f MiB/s  (%,.1f to %,.1f, %d rounds)",
              what,
              mib / median(),
              mib / sorted.getLast(),
              mib / sorted.getFirst(),
              sorted.size()));
    }
  }

  private OpenStore open(String name, long ssdMib) throws IOException {
    return open(
        directory.resolve(name), endpoint, ssdMib, new StorageSettings.Cache(true, 256, 64, 1024));
  }

  /** A store over this S3, or over a directory of its own. */
  static OpenStore open(
      Path place, Optional<String> endpoint, long ssdMib, StorageSettings.Cache cache)
      throws IOException {
    StorageSettings defaults = StorageSettings.defaults();
    StorageSettings settings =
        new StorageSettings(
            place,
            new StorageSettings.Ssd(ssdMib, 0.8, 0.6, Duration.ofHours(1), 1e9, 0),
            cache,
            new StorageSettings.Packs(16, Duration.ofSeconds(30), 1, 0.5, 1024),
            new StorageSettings.Objects(
                endpoint.map(url ->
                    new StorageSettings.S3(
                        url,
                        "us-east-1",
                        BUCKET,
                        "",
                        "PENUMBRA_S3_ACCESS_KEY",
                        "PENUMBRA_S3_SECRET_KEY",
                        Duration.ofSeconds(30),
                        3)),
                Optional.empty(),
                0,
                Duration.ofSeconds(1),
                Duration.ofMinutes(1)),
            defaults.encryption(),
            defaults.retention(),
            defaults.vms(),
            defaults.keeping(),
            defaults.costs());
    return new StoreOpening(
            settings,
            InstantSource.system(),
            variable -> Optional.ofNullable(System.getenv(variable)).orElse(""),
            UUID.randomUUID().toString(),
            System.err::println)
        .open();
  }

  /** Half of it doesn't compress, as in a guest's memory after zeros are left out. */
  private void writeImage(Path image) throws IOException {
    SplittableRandom random = new SplittableRandom(20261121);
    try (OutputStream out = Files.newOutputStream(image)) {
      byte[] block = new byte[1 << 20];
      for (int i = 0; i < mib; i++) {
        random.nextBytes(block);
        for (int at = 0; at < block.length; at += 8) {
          Arrays.fill(block, at, at + 4, (byte) (at >> 12));
        }
        out.write(block);
      }
    }
  }

  private List<ChunkId> put(TieredChunkStore store, Path image) throws IOException {
    List<ChunkId> ids = new ArrayList<>();
    List<Long> nanos = new ArrayList<>();
    long start = System.nanoTime();
    try (InputStream in = Files.newInputStream(image)) {
      for (int i = 0; i < mib; i++) {
        List<ByteBuffer> contents = new ArrayList<>();
        for (int j = 0; j < BATCH; j++) {
          contents.add(ByteBuffer.wrap(in.readNBytes(CHUNK_BYTES)));
        }
        long before = System.nanoTime();
        for (ChunkStore.Put put : store.putAll(contents)) {
          if (!(put instanceof ChunkStore.Put.Stored(ChunkId id, boolean _))) {
            throw new IllegalStateException("refused: " + put);
          }
          ids.add(id);
        }
        nanos.add(System.nanoTime() - before);
      }
    }
    rate("put, durable, by 16", start);
    percentiles(nanos.stream().mapToLong(Long::longValue).toArray());
    return ids;
  }

  private static void gets(TieredChunkStore store, List<ChunkId> ids, String what) {
    SplittableRandom random = new SplittableRandom(7);
    long[] nanos = new long[1_000];
    for (int i = 0; i < nanos.length; i++) {
      ChunkId id = ids.get(random.nextInt(ids.size()));
      long before = System.nanoTime();
      content(store, id);
      nanos[i] = System.nanoTime() - before;
    }
    System.out.println(what + ", at random");
    percentiles(nanos);
  }

  private static ByteBuffer content(TieredChunkStore store, ChunkId id) {
    return store.get(id) instanceof ChunkStore.Got.Found(ByteBuffer bytes)
        ? bytes
        : fail("chunk %s can't be read: %s".formatted(id, store.get(id)));
  }

  private static ByteBuffer fail(String why) {
    throw new IllegalStateException(why);
  }

  private void restore(TieredChunkStore store, List<ChunkId> ids) throws IOException {
    Path target = directory.resolve("restored");
    Files.deleteIfExists(target);
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
        throw new IllegalStateException("not restored: " + stopped);
      }
    }
  }

  private void verify(Path image) throws IOException {
    long mismatch = Files.mismatch(image, directory.resolve("restored"));
    if (mismatch >= 0) {
      throw new IllegalStateException("restored another byte at %d".formatted(mismatch));
    }
  }

  private void copy(Path image) throws Exception {
    Path target = directory.resolve("copied");
    Files.deleteIfExists(target);
    run("cp", image.toString(), target.toString());
  }

  /** Takes files out of the page cache, so that the next read asks the disk. */
  private static void forgetPages(Path path) throws Exception {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        run(
            "dd",
            "of=" + file,
            "oflag=nocache",
            "conv=notrunc,fdatasync",
            "count=0",
            "status=none");
      }
    }
  }

  private static void run(String... command) throws Exception {
    int answer = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (answer != 0) {
      throw new IllegalStateException("%s ends with %d".formatted(command[0], answer));
    }
  }

  private Download plainDownload(Path image) throws Exception {
    // Never closed: the process ends with it.
    MinioClient client =
        MinioClient.builder()
            .endpoint(endpoint.orElseThrow())
            .credentials(
                System.getenv("PENUMBRA_S3_ACCESS_KEY"), System.getenv("PENUMBRA_S3_SECRET_KEY"))
            .region("us-east-1")
            .build();
    try (InputStream in = Files.newInputStream(image)) {
      client.putObject(
          PutObjectArgs.builder().bucket(BUCKET).object("image").stream(
                  in, Files.size(image), 64 << 20)
              .build());
    }
    return () -> {
      try (InputStream in =
              client.getObject(GetObjectArgs.builder().bucket(BUCKET).object("image").build());
          OutputStream out = Files.newOutputStream(directory.resolve("downloaded"))) {
        in.transferTo(out);
      }
    };
  }

  private void rate(String what, long start) {
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.println(
        String.format(Locale.ROOT, "%-26s %,8.1f MiB/s  %6.2f s", what, mib / seconds, seconds));
  }

  private static void percentiles(long... nanos) {
    Arrays.sort(nanos);
    System.out.println(
        String.format(
            Locale.ROOT,
            "  p50 %,.1f us, p99 %,.1f us",
            nanos[nanos.length / 2] / 1e3,
            nanos[nanos.length * 99 / 100] / 1e3));
  }
}
