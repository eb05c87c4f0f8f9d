package io.penumbra.adapter.qemu.shadow;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The files of a shadow: those of its guest, {@code shadow.json} with its plan, and below {@code
 * state} what the sink keeps. There {@code ram.img} is a link to the file that is the guest's
 * memory, which lies in memory itself.
 */
final class ShadowFiles {

  private static final ObjectMapper JSON = JsonMapper.builder().addModule(new Jdk8Module()).build();
  private static final int PAGE_BYTES = 4096;

  private ShadowFiles() {}

  static Path image(ShadowPlan plan, String region) {
    return plan.state().resolve(region + ".img");
  }

  private static Path description(Path directory) {
    return directory.resolve("shadow.json");
  }

  static ShadowPlan read(Path directory) throws IOException {
    return JSON.readValue(Files.readAllBytes(description(directory)), ShadowPlan.class);
  }

  /** Makes what QEMU and the sink will both open. */
  static void prepare(ShadowPlan plan) throws IOException {
    var onlyUs = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    if (!Files.isDirectory(plan.directory())) {
      Files.createDirectories(plan.directory(), onlyUs);
    }
    if (Files.exists(plan.state(), LinkOption.NOFOLLOW_LINKS) && !Files.exists(plan.ram())) {
      // The host was started anew, and memory is gone: what is left of the state is of no use.
      removeTree(plan.state());
    }
    Files.createDirectories(plan.state());
    grow(plan.ram(), plan.spec().memoryBytes());
    Path link = image(plan, "ram");
    if (!Files.isSymbolicLink(link)) {
      Files.createSymbolicLink(link, plan.ram());
    }
    for (var disk : plan.spec().disks()) {
      Long bytes = plan.primary().diskBytes().get(disk.name());
      if (bytes == null) {
        throw new IllegalStateException(
            "the primary has no disk '%s', only %s"
                .formatted(disk.name(), plan.primary().diskBytes().keySet()));
      }
      grow(image(plan, disk.name()), (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
    }
    Path part = plan.directory().resolve("shadow.json.part");
    Files.write(part, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(plan));
    Files.move(
        part,
        description(plan.directory()),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private static void grow(Path file, long bytes) throws IOException {
    if (!Files.exists(file)) {
      // Whoever can read the file reads the guest's memory.
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    try (RandomAccessFile sized = new RandomAccessFile(file.toFile(), "rw")) {
      if (sized.length() < bytes) {
        sized.setLength(bytes);
      }
    }
  }

  /** The guest's own files stay: it runs on them. */
  static void forgetEpochs(ShadowPlan plan) throws IOException {
    Files.deleteIfExists(description(plan.directory()));
    removeTree(plan.state().resolve("log"));
    for (String name : List.of("state", "lock", "goal", "devices.img", "ram.img")) {
      Files.deleteIfExists(plan.state().resolve(name));
    }
  }

  static void delete(ShadowPlan plan) throws IOException {
    Files.deleteIfExists(plan.ram());
    Files.deleteIfExists(plan.home().deviceState());
    removeTree(plan.directory());
  }

  private static void removeTree(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
