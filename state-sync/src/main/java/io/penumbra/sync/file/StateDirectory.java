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
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What lies where in a receiver's directory:
 *
 * <pre>
 * state              which VM, which regions, one per line
 * NAME.img           a region, padded to whole pages: the newest epoch that was applied
 * epochs/N.epoch     manifest of epoch N and the pages that it replaced
 * redo/N.redo        manifest of epoch N and the pages that it brings, until they are in the image
 *                    for good
 * redo/next          pages of the epoch that is arriving
 * goal               the epoch to which somebody is going back
 * lock               held by the receiver at work
 * </pre>
 *
 * @param root the directory
 */
record StateDirectory(Path root) {

  private static final String EPOCH_SUFFIX = ".epoch";
  private static final String REDO_SUFFIX = ".redo";

  Path lock() {
    return root.resolve("lock");
  }

  Path image(Region region) {
    return root.resolve(region.id() + ".img");
  }

  Path epochs() {
    return root.resolve("epochs");
  }

  Path epoch(long number) {
    return epochs().resolve(number + EPOCH_SUFFIX);
  }

  Path redos() {
    return root.resolve("redo");
  }

  Path redo(long number) {
    return redos().resolve(number + REDO_SUFFIX);
  }

  Path next() {
    return redos().resolve("next");
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

  /** Epoch files by number. */
  SortedMap<Long, Path> epochFiles() throws IOException {
    return numbered(epochs(), EPOCH_SUFFIX);
  }

  /** Redo files by number. */
  SortedMap<Long, Path> redoFiles() throws IOException {
    return numbered(redos(), REDO_SUFFIX);
  }

  private static SortedMap<Long, Path> numbered(Path directory, String suffix) throws IOException {
    SortedMap<Long, Path> files = new TreeMap<>();
    for (Path file : Durable.files(directory)) {
      String name = String.valueOf(file.getFileName());
      if (name.matches("\\d{1,18}\\" + suffix)) {
        files.put(Long.parseLong(name.substring(0, name.length() - suffix.length())), file);
      }
    }
    return files;
  }

  /** Removes what a crash left half-written. */
  void sweep() throws IOException {
    Files.deleteIfExists(next());
    for (Path directory : List.of(root, epochs(), redos())) {
      for (Path file : Durable.files(directory)) {
        if (String.valueOf(file.getFileName()).endsWith(".part")) {
          Files.delete(file);
        }
      }
    }
  }

  void writeIdentity(VmId vm, StateLayout layout) throws IOException {
    StringBuilder text = new StringBuilder("penumbra 1\nvm " + vm + "\n");
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
      if (lines.size() < 3 || !lines.getFirst().equals("penumbra 1")) {
        throw new IllegalArgumentException("does not start with 'penumbra 1'");
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
