package io.penumbra.benchmarks;

import com.github.luben.zstd.Zstd;
import io.penumbra.sync.encode.Coding;
import io.penumbra.sync.encode.Decoding;
import io.penumbra.sync.encode.EncodedBlock;
import io.penumbra.sync.encode.PageDecoder;
import io.penumbra.sync.encode.PageEncoder;
import io.penumbra.sync.encode.Prices;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How many bytes a recorded epoch takes, coded by us and by others, all on the same pages in one
 * process. Every page that we code is decoded and compared. The tools that work on whole files
 * (zstd, xdelta3, rsync) are run on every twelfth epoch, and are compared on those epochs alone.
 *
 * <p>MB/s are of changed pages per second of one core's time; for the tools, which read the whole
 * image, they are by the clock and say little.
 */
public final class EncodeSideBySide {

  private static final int TOOLS_EVERY = 12;
  private static final double GIGABIT_BYTES = 125e6;

  /** Pages are shipped in groups of so many. */
  private static final int GROUP = 256;

  private static final String REFERENCE = "XBZRLE + zstd -3";

  /** Bytes and time of one way to code, and the reference's bytes on the same epochs. */
  private static final class Tally {
    long bytes;
    long nanos;
    long decodeNanos;
    long changed;
    long reference;
    int epochs;
  }

  private final Map<String, Tally> tallies = new LinkedHashMap<>();
  private final List<Way> ways = new ArrayList<>();
  private final Verified verified = new Verified();
  private long reference;
  private int pages;

  private EncodeSideBySide() {
    for (Coding coding : Coding.values()) {
      ways.add(new Way("ours, " + coding, Optional.of(coding), Prices.link(GIGABIT_BYTES)));
    }
    for (double gigabits : new double[] {0.001, 0.01, 0.1, 1, 10}) {
      ways.add(
          new Way(
              "chosen at %s Gbit/s".formatted(gigabits),
              Optional.empty(),
              Prices.link(gigabits * GIGABIT_BYTES)));
    }
  }

  /** One of our codings, or the choice between them, with both ends' memory. */
  private static final class Way {

    private final String name;
    private final Optional<Coding> coding;
    private final PageEncoder encoder;
    private final PageDecoder decoder = new PageDecoder();

    Way(String name, Optional<Coding> coding, Prices prices) {
      this.name = name;
      this.coding = coding;
      encoder = new PageEncoder(() -> prices, EncodeSideBySide::cpuNanos, Optional.empty());
    }

    List<EncodedBlock> encode(Recording recording, int[] pages) {
      return coding.isPresent()
          ? encoder.encode(recording.before(), recording.now(), pages, coding.get())
          : encoder.encode(recording.before(), recording.now(), pages);
    }
  }

  /** Runs it on recordings, all that are there if none is named. */
  public static void main(String... arguments) throws IOException, InterruptedException {
    List<String> names =
        arguments.length > 0
            ? List.of(arguments)
            : List.of("redis-set", "redis-mixed", "work", "idle", "disk");
    for (String name : names) {
      if (Files.exists(Recording.folder(name).resolve("cuts"))) {
        new EncodeSideBySide().run(name);
      } else {
        System.out.printf("%s: no recording; make one with benchmarks/recordings/record%n", name);
      }
    }
  }

  private void run(String name) throws IOException, InterruptedException {
    try (Recording recording = Recording.open(name)) {
      int[] changed = recording.nextEpoch();
      for (int epoch = 0; changed.length > 0; epoch++) {
        pages = changed.length;
        inProcess(recording, changed);
        for (Way way : ways) {
          ours(way, recording, changed);
        }
        if (epoch % TOOLS_EVERY == TOOLS_EVERY / 2) {
          tools(recording);
        }
        changed = recording.nextEpoch();
      }
    }
    print(name);
  }

  private void inProcess(Recording recording, int[] changed) {
    byte[] now = gathered(recording.nowBytes(), changed);
    byte[] before = gathered(recording.beforeBytes(), changed);
    long start = cpuNanos();
    long bytes = Zstd.compress(xbzrle(before, now), 3).length;
    reference = bytes;
    add(REFERENCE, bytes, cpuNanos() - start, 0);
    add("raw pages", now.length, 0, 0);
    start = cpuNanos();
    add("zstd -3", Zstd.compress(now, 3).length, cpuNanos() - start, 0);
  }

  /** In groups as they are shipped. */
  private void ours(Way way, Recording recording, int[] changed) {
    long encoding = 0;
    long decoding = 0;
    long bytes = 0;
    for (int from = 0; from < changed.length; from += GROUP) {
      int[] group = Arrays.copyOfRange(changed, from, Math.min(changed.length, from + GROUP));
      long start = cpuNanos();
      List<EncodedBlock> blocks = way.encode(recording, group);
      long encoded = cpuNanos();
      for (EncodedBlock block : blocks) {
        bytes += block.bytes().length;
        Decoding result =
            way.decoder.decode(block.bytes(), block.pages(), recording.before(), verified::put);
        if (!(result instanceof Decoding.Decoded)) {
          throw new IllegalStateException(result.toString());
        }
      }
      decoding += cpuNanos() - encoded;
      encoding += encoded - start;
      verified.check(recording, group);
    }
    add(way.name, bytes, encoding, decoding);
    way.encoder.accepted();
    way.decoder.accepted();
  }

  /** What came out of a decoder, to be compared when its time has been taken. */
  private static final class Verified {

    private final Map<Integer, byte[]> pages = new HashMap<>();

    void put(int page, byte[] from, int at) {
      System.arraycopy(
          from, at, pages.computeIfAbsent(page, _ -> new byte[Recording.PAGE]), 0, Recording.PAGE);
    }

    void check(Recording recording, int[] group) {
      for (int page : group) {
        MemorySegment is =
            recording.nowBytes().asSlice((long) page * Recording.PAGE, Recording.PAGE);
        byte[] came = pages.getOrDefault(page, new byte[0]);
        if (is.mismatch(MemorySegment.ofArray(came)) >= 0) {
          throw new IllegalStateException("page %d came out wrong".formatted(page));
        }
      }
      pages.clear();
    }
  }

  private void tools(Recording recording) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory(Path.of("/dev/shm"), "penumbra-encode-");
    try {
      Path before = written(folder.resolve("before"), recording.beforeBytes());
      Path now = written(folder.resolve("now"), recording.nowBytes());
      Path out = folder.resolve("out");
      tool(
          "zstd -3 --patch-from",
          out,
          "zstd -q -f -3 --long=28 --patch-from=%s %s -o %s".formatted(before, now, out));
      tool("xdelta3", out, "xdelta3 -e -f -B 268435456 -s %s %s %s".formatted(before, now, out));
      tool(
          "rsync, 4 KiB blocks",
          out,
          "rsync --no-whole-file -I --block-size=4096 -z --only-write-batch=%s %s %s"
              .formatted(out, now, before));
    } finally {
      for (String file : List.of("before", "now", "out", "out.sh")) {
        Files.deleteIfExists(folder.resolve(file));
      }
      Files.delete(folder);
    }
  }

  private void tool(String name, Path out, String command)
      throws IOException, InterruptedException {
    Files.deleteIfExists(out);
    long start = System.nanoTime();
    Process process = new ProcessBuilder(command.split(" ", -1)).inheritIO().start();
    int exit = process.waitFor();
    if (exit != 0) {
      throw new IllegalStateException("%s ended with %d".formatted(command, exit));
    }
    add(name, Files.size(out), System.nanoTime() - start, 0);
  }

  /** This thread's CPU time, so that a busy machine spoils nothing. */
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private void add(String name, long bytes, long nanos, long decodeNanos) {
    Tally tally = tallies.computeIfAbsent(name, _ -> new Tally());
    tally.bytes += bytes;
    tally.nanos += nanos;
    tally.decodeNanos += decodeNanos;
    tally.changed += (long) pages * Recording.PAGE;
    tally.reference += reference;
    tally.epochs++;
  }

  private void print(String name) {
    Tally all = tallies.getOrDefault(REFERENCE, new Tally());
    System.out.printf(
        "%n%s: %d epochs of a second, %d changed pages each%n",
        name, all.epochs, all.changed / Recording.PAGE / Math.max(1, all.epochs));
    System.out.printf(
        "  %-22s %12s %9s %8s %8s%n", "", "bytes/epoch", "x XBZRLE", "MB/s", "decode");
    tallies.forEach((way, tally) ->
        System.out.printf(
            "  %-22s %,12d %9.2f %8s %8s%n",
            way,
            tally.bytes / tally.epochs,
            (double) tally.bytes / (double) tally.reference,
            rate(tally.changed, tally.nanos),
            rate(tally.changed, tally.decodeNanos)));
    for (Way way : ways) {
      if (way.coding.isEmpty()) {
        System.out.printf("  %s: pages by coding %s%n", way.name, way.encoder.chosen());
      }
    }
  }

  private static String rate(long bytes, long nanos) {
    return nanos == 0 ? "" : "%.1f".formatted((double) bytes * 1e3 / (double) nanos);
  }

  private static Path written(Path file, MemorySegment bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; at < bytes.byteSize(); at += 1 << 24) {
        channel.write(
            bytes.asSlice(at, Math.min(1 << 24, bytes.byteSize() - at)).asByteBuffer(), at);
      }
    }
    return file;
  }

  private static byte[] gathered(MemorySegment image, int[] pages) {
    byte[] all = new byte[pages.length * Recording.PAGE];
    for (int i = 0; i < pages.length; i++) {
      MemorySegment.copy(
          image,
          ValueLayout.JAVA_BYTE,
          (long) pages[i] * Recording.PAGE,
          all,
          i * Recording.PAGE,
          Recording.PAGE);
    }
    return all;
  }

  /** Runs of equal and of new bytes, page by page, as QEMU's XBZRLE writes them. */
  private static byte[] xbzrle(byte[] before, byte[] now) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(now.length / 4);
    for (int page = 0; page < now.length; page += Recording.PAGE) {
      int at = page;
      int end = page + Recording.PAGE;
      while (at < end) {
        int start = Arrays.mismatch(before, at, end, now, at, end);
        if (start < 0) {
          break;
        }
        int stop = at + start;
        while (stop < end && before[stop] != now[stop]) {
          stop++;
        }
        leb128(out, start);
        leb128(out, stop - at - start);
        out.write(now, at + start, stop - at - start);
        at = stop;
      }
    }
    return out.toByteArray();
  }

  private static void leb128(ByteArrayOutputStream out, int value) {
    int rest = value;
    while (rest > 127) {
      out.write(rest | 128);
      rest >>>= 7;
    }
    out.write(rest);
  }
}
