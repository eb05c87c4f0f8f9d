package io.penumbra.adapter.qemu.shadow;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.penumbra.adapter.qemu.guest.FileTree;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;

/**
 * The files of a shadow: those of its guest, {@code shadow.json} with its plan, and below {@code
 * state} what the sink keeps. There {@code ram.img} is a link to the file that is the guest's
 * memory, which lies in memory itself. {@code ran} is there while that may not be as of an epoch.
 */
final class ShadowFiles {

  private static final ObjectMapper JSON = JsonMapper.builder().addModule(new Jdk8Module()).build();
  private static final int PAGE_BYTES = 4096;
  private static final int BLOCK_BYTES = 256 << 10;

  private ShadowFiles() {}

  static Path image(ShadowPlan plan, String region) {
    return plan.state().resolve(region + ".img");
  }

  private static Path description(Path directory) {
    return directory.resolve("shadow.json");
  }

  /** There once a guest may have run on the state, until that was filled anew. */
  static Path ran(ShadowPlan plan) {
    return plan.directory().resolve("ran");
  }

  /** From now on a guest may run on the state. */
  static void mayRun(ShadowPlan plan) throws IOException {
    Files.write(ran(plan), new byte[0]);
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
    Path link = image(plan, "ram");
    moveMemory(link, plan.ram());
    if (Files.exists(plan.state(), LinkOption.NOFOLLOW_LINKS) && !Files.exists(plan.ram())) {
      // The host was started anew, and memory is gone: what is left of the state is of no use.
      FileTree.remove(plan.state());
    }
    Files.createDirectories(plan.state());
    grow(plan.ram(), plan.spec().memoryBytes());
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

  /**
   * A shadow that turns warm wants its memory in memory, and one that turns cold on a disk. The
   * link says which file it is: it changes when the other one is whole.
   */
  private static void moveMemory(Path link, Path to) throws IOException {
    if (!Files.isSymbolicLink(link) || Files.readSymbolicLink(link).equals(to)) {
      return;
    }
    Path from = Files.readSymbolicLink(link);
    if (Files.exists(from)) {
      Files.deleteIfExists(to);
      copyWhole(from, to);
    } else if (!Files.exists(to)) {
      return;
    }
    Path part = link.resolveSibling("ram.img.part");
    Files.deleteIfExists(part);
    Files.createSymbolicLink(part, to);
    Files.move(part, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Files.deleteIfExists(from);
  }

  private static void copyWhole(Path from, Path to) throws IOException {
    try {
      copy(from, to);
    } catch (IOException e) {
      // Half of it takes room that others on this host need, and is of no use.
      Files.deleteIfExists(to);
      throw e;
    }
  }

  /** Without what is zero; on return the copy is where it survives what the place does. */
  private static void copy(Path from, Path to) throws IOException {
    grow(to, 0);
    byte[] zeros = new byte[BLOCK_BYTES];
    byte[] block = new byte[BLOCK_BYTES];
    try (RandomAccessFile in = new RandomAccessFile(from.toFile(), "r");
        RandomAccessFile out = new RandomAccessFile(to.toFile(), "rw")) {
      out.setLength(in.length());
      long at = 0;
      for (int read = in.read(block); read > 0; read = in.read(block)) {
        if (Arrays.mismatch(block, 0, read, zeros, 0, read) >= 0) {
          out.seek(at);
          out.write(block, 0, read);
        }
        at += read;
      }
      out.getFD().sync();
    }
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
    Files.deleteIfExists(ran(plan));
    FileTree.remove(plan.state().resolve("log"));
    for (String name : List.of("state", "lock", "goal", "devices.img", "ram.img")) {
      Files.deleteIfExists(plan.state().resolve(name));
    }
  }

  static void delete(ShadowPlan plan) throws IOException {
    Files.deleteIfExists(plan.ram());
    Path link = plan.state().resolve("ram.img");
    if (Files.isSymbolicLink(link)) {
      Files.deleteIfExists(Files.readSymbolicLink(link));
    }
    Files.deleteIfExists(plan.home().deviceState());
    FileTree.remove(plan.directory());
  }
}
