package io.penumbra.placement.log;

import io.penumbra.domain.VmId;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What VMs are called by their owners, in a file beside the decision log: {@code names}, a line per
 * VM and name, the newest last. A log without one is read all the same; so is one whose last line
 * was cut off, and one whose names can't be read: they are for people, and nothing waits for them.
 *
 * <p>Decisions are made on ids: a request to create a server tells no name, and names change.
 */
public final class VmNames {

  /** More than these, and those that were told first are forgotten. */
  static final int KEPT_MAX = 200_000;

  private static final System.Logger LOG = System.getLogger(VmNames.class.getName());
  private static final String FILE = "names";

  private final Path file;
  private final SequencedMap<VmId, String> names;

  private VmNames(Path file, SequencedMap<VmId, String> names) {
    this.file = file;
    this.names = names;
  }

  /** The names that are known beside a log; none when nobody has told any. */
  public static VmNames read(Path directory) {
    Path file = directory.resolve(FILE);
    SequencedMap<VmId, String> names = new LinkedHashMap<>();
    if (Files.exists(file)) {
      try {
        // not readString: that refuses a line that was cut off within a character
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        text.lines().forEach(line -> take(names, line));
      } catch (IOException e) {
        LOG.log(
            Level.WARNING,
            "{0} can''t be read: {1}; VMs have no names until they are told again",
            file,
            e.toString());
      }
    }
    return new VmNames(file, names);
  }

  /** As {@link #read}, to be written to: what was told twice is left out first. */
  public static VmNames open(Path directory) {
    VmNames names = read(directory);
    StringBuilder text = new StringBuilder();
    names.names.forEach((vm, name) -> text.append(line(vm, name)));
    Path fresh = directory.resolve(FILE + ".new");
    try {
      Files.createDirectories(directory);
      Files.writeString(fresh, text);
      Files.move(fresh, names.file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "{0} can''t be written: {1}; names are known until the end only",
          names.file,
          e.toString());
    }
    return names;
  }

  private static void take(SequencedMap<VmId, String> names, String line) {
    int blank = line.indexOf(' ');
    try {
      if (blank > 0) {
        put(names, VmId.of(line.substring(0, blank)), line.substring(blank + 1));
      }
    } catch (IllegalArgumentException e) {
      LOG.log(Level.DEBUG, "a line that names no VM is left out: {0}", e.getMessage());
    }
  }

  private static void put(SequencedMap<VmId, String> names, VmId vm, String name) {
    names.remove(vm);
    names.put(vm, name);
    if (names.size() > KEPT_MAX) {
      names.remove(names.firstEntry().getKey());
    }
  }

  /** A VM has this name from now on. Where it can't be written down it is known until the end. */
  public synchronized void told(VmId vm, String name) {
    String kept = name.replaceAll("\\p{Cntrl}", " ").strip();
    if (kept.isEmpty() || kept.equals(names.get(vm))) {
      return;
    }
    put(names, vm, kept);
    try {
      Files.writeString(file, line(vm, kept), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0} can''t be written: {1}", file, e.getMessage());
    }
  }

  private static String line(VmId vm, String name) {
    return vm.value() + " " + name + "\n";
  }

  /** What a VM is called, if anybody has said so. */
  public synchronized Optional<String> of(VmId vm) {
    return Optional.ofNullable(names.get(vm));
  }

  /** Every VM of that name, in the order in which they were told; names need not be unique. */
  public synchronized List<VmId> called(String name) {
    List<VmId> found = new ArrayList<>();
    for (Map.Entry<VmId, String> one : names.entrySet()) {
      if (one.getValue().equals(name)) {
        found.add(one.getKey());
      }
    }
    return found;
  }
}
