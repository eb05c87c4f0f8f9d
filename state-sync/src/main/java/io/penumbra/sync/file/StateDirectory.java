package io.penumbra.sync.file;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What lies where in a receiver's directory:
 *
 * <pre>
 * state              which VM, which regions, one per line
 * NAME.img           a region, padded to whole pages: the newest epoch that was applied
 * log/N.log          epochs one behind the other: the pages that each brings and what they replace
 * log/bounds         up to which epoch the images are durable, and which is the oldest kept
 * goal               the epoch to which somebody is going back
 * lock               held by the receiver at work
 * </pre>
 *
 * @param root the directory
 */
record StateDirectory(Path root) {

  private static final String LOG_SUFFIX = ".log";
  private static final String FORMAT = "penumbra 2";

  Path lock() {
    return root.resolve("lock");
  }

  Path image(Region region) {
    return root.resolve(region.id() + ".img");
  }

  Path logs() {
    return root.resolve("log");
  }

  Path log(long number) {
    return logs().resolve(number + LOG_SUFFIX);
  }

  Path bounds() {
    return logs().resolve("bounds");
  }

  private Path goalFile() {
    return root.resolve("goal");
  }

  void writeGoal(long epoch) throws IOException {
    Durable.replace(goalFile(), Long.toString(epoch).getBytes(StandardCharsets.US_ASCII));
  }

  void clearGoal() throws IOException {
    Files.deleteIfExists(goalFile());
    Durable.forceDirectory(root);
  }

  /** The epoch to which somebody was going back. */
  Optional<Long> goal() throws IOException {
    return Files.exists(goalFile())
        ? Optional.of(Long.parseLong(Files.readString(goalFile())))
        : Optional.empty();
  }

  private Path state() {
    return root.resolve("state");
  }

  /** The numbers of the log's files, in order. */
  SortedSet<Long> logFiles() throws IOException {
    SortedSet<Long> numbers = new TreeSet<>();
    for (Path file : Durable.files(logs())) {
      String name = String.valueOf(file.getFileName());
      if (name.matches("\\d{1,18}\\" + LOG_SUFFIX)) {
        numbers.add(Long.parseLong(name.substring(0, name.length() - LOG_SUFFIX.length())));
      }
    }
    return numbers;
  }

  /** Removes what a crash left half-written. */
  void sweep() throws IOException {
    for (Path file : Durable.files(root)) {
      if (String.valueOf(file.getFileName()).endsWith(".part")) {
        Files.delete(file);
      }
    }
  }

  void writeIdentity(VmId vm, StateLayout layout) throws IOException {
    StringBuilder text = new StringBuilder(FORMAT + "\nvm " + vm + "\n");
    for (Region region : layout.regions()) {
      text.append("region %s %s %d\n".formatted(region.id(), region.kind(), region.bytes()));
    }
    Durable.replace(state(), text.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Which VM is kept here; empty if none.
   *
   * @throws IOException if the file is not what we write
   */
  Optional<Identity> identity() throws IOException {
    if (!Files.exists(state())) {
      return Optional.empty();
    }
    List<String> lines = Files.readAllLines(state());
    try {
      if (lines.size() < 3 || !lines.getFirst().equals(FORMAT)) {
        throw new IllegalArgumentException(
            "does not start with '%s'; maybe another version of Penumbra wrote it. Receive into a"
                    .formatted(FORMAT)
                + " new directory");
      }
      VmId vm = VmId.of(lines.get(1).substring("vm ".length()));
      List<Region> regions = new ArrayList<>();
      for (String line : lines.subList(2, lines.size())) {
        String[] words = line.split(" ", -1);
        regions.add(
            new Region(
                RegionId.of(words[1]), RegionKind.valueOf(words[2]), Long.parseLong(words[3])));
      }
      return Optional.of(new Identity(vm, new StateLayout(regions)));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException("%s: %s".formatted(state(), e.getMessage()), e);
    }
  }

  /** Bytes of a region's image file. */
  static long imageBytes(Region region) {
    return region.pages() << PageSize.SHIFT;
  }

  /** Which VM a directory keeps. */
  record Identity(VmId vm, StateLayout layout) {}
}
