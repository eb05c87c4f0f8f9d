package io.penumbra.adapter.qemu.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what the lab's guest has written, out of images of its memory and disks. */
public final class GuestImages {

  /** So many lines of a counter are on a disk, then the first is written over. */
  private static final int LINES = 64;

  private static final int LINE_STEP = 16 * 512;
  private static final int LAST_AT = 2048 * 512;
  private static final Pattern VARIABLE = Pattern.compile("count=(\\d+)\0");
  private static final Pattern COUNT = Pattern.compile("count (\\d+) {9}");
  private static final Pattern LAST = Pattern.compile("last (\\d+) {9}");
  private static final Pattern NUMBER = Pattern.compile("written (\\d+)\n");

  private GuestImages() {}

  /** The counter as the guest has it in memory, a shell's variable; it counts before it writes. */
  public static long countedIn(Path memory) throws IOException {
    return highest(VARIABLE, text(memory, 0, Long.MAX_VALUE));
  }

  /**
   * The counter on a disk, with all lines before it.
   *
   * @return the lines' and then the last one's own, which is written after them
   */
  public static List<Long> countedOn(Path disk) throws IOException {
    long highest = highest(COUNT, text(disk, 0, (long) LINES * LINE_STEP));
    for (long number = Math.max(1, highest - LINES + 1); number <= highest; number++) {
      assertThat(text(disk, number % LINES * LINE_STEP, 32))
          .as("line %d of %s, whose last is %d", number, disk, highest)
          .startsWith("count " + number + " ");
    }
    return List.of(highest, lastOn(disk));
  }

  /** An empty disk of 16 MiB. */
  public static Path disk(Path file, String format) {
    run("qemu-img", "create", "-q", "-f", format, file.toString(), "16M");
    return file;
  }

  /** One in qcow2 with an empty ext4 on it. */
  public static Path fileSystem(Path file) {
    Path raw = disk(file.resolveSibling(file.getFileName() + ".raw"), "raw");
    run("/sbin/mke2fs", "-q", "-t", "ext4", raw.toString());
    run("qemu-img", "convert", "-O", "qcow2", raw.toString(), file.toString());
    return file;
  }

  /** What a disk's counter said last; the disk may be written meanwhile. */
  public static long lastOn(Path disk) throws IOException {
    return highest(LAST, text(disk, LAST_AT, 512));
  }

  /** As {@link #logOn}, of a disk that is written meanwhile; none while it can't be read. */
  public static List<Long> logSoFar(Path disk) {
    try {
      return logOn(disk);
    } catch (AssertionError e) {
      return List.of();
    }
  }

  /** The numbers in the log of a file system; none while there is no such image. */
  public static List<Long> logOn(Path disk) {
    if (!Files.exists(disk)) {
      return List.of();
    }
    List<Long> numbers = new ArrayList<>();
    Matcher lines = NUMBER.matcher(run("/sbin/debugfs", "-R", "cat /log", disk.toString()));
    while (lines.find()) {
      numbers.add(Long.parseLong(lines.group(1)));
    }
    return numbers;
  }

  /** Runs a program to its good end; what it says. */
  public static String run(String... words) {
    try {
      return begin(words);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(List.of(words).toString(), e);
    }
  }

  private static String begin(String... words) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(List.of(words).toString()).isTrue();
    // 1 of e2fsck: it has read the journal, and all is well.
    int most = words[0].endsWith("e2fsck") ? 1 : 0;
    assertThat(process.exitValue()).as("%s: %s", List.of(words), said).isBetween(0, most);
    return said;
  }

  private static long highest(Pattern pattern, String text) {
    long highest = 0;
    Matcher matcher = pattern.matcher(text);
    while (matcher.find()) {
      highest = Math.max(highest, Long.parseLong(matcher.group(1)));
    }
    return highest;
  }

  private static String text(Path file, long offset, long bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      long most = Math.min(bytes, channel.size() - offset);
      ByteBuffer mapped = channel.map(MapMode.READ_ONLY, offset, most);
      return StandardCharsets.ISO_8859_1.decode(mapped).toString();
    }
  }
}
