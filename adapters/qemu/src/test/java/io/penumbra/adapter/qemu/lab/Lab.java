package io.penumbra.adapter.qemu.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.domain.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A place for real guests: their directories, their image, how they are started. Closing it kills
 * what was started from its directories and is still there.
 */
public final class Lab implements AutoCloseable {

  private static final Duration KILL = Duration.ofSeconds(60);

  private final Path root;
  private final LabGuest image;
  private final LaunchSettings settings;

  private Lab(Path root, LabGuest image, LaunchSettings settings) {
    this.root = root;
    this.image = image;
    this.settings = settings;
  }

  /** One in memory, where a guest can be had. */
  public static Lab open(String name) throws IOException {
    LabGuest image = needed();
    return new Lab(
        Files.createTempDirectory(Path.of("/dev/shm"), "pn-" + name + "-"), image, usual());
  }

  /**
   * What guests boot from; without it, or QEMU, a test fails where CI=true and is skipped
   * elsewhere. To be asked for before there is anything to be closed.
   */
  public static LabGuest needed() {
    Optional<String> lacks = lacks();
    Reply<LabGuest> image =
        lacks.isPresent() ? Reply.refused(lacks.get()) : LabGuest.in(TrackingLibrary.usualCache());
    if (!"true".equals(System.getenv("CI"))) {
      image.refusal().ifPresent(why -> System.err.println("without a real guest: " + why));
      assumeTrue(image.isDone(), () -> image.refusal().orElse(""));
    }
    return image.orThrow();
  }

  /** How guests are started: with their pages tracked, where that can be had. */
  public static LaunchSettings usual() {
    return TrackingLibrary.in(TrackingLibrary.usualCache())
        .found()
        .map(LaunchSettings.DEFAULT::withTracking)
        .orElse(LaunchSettings.DEFAULT);
  }

  private static Optional<String> lacks() {
    for (String program : List.of("qemu-system-x86_64", "qemu-img")) {
      if (Stream.of(System.getenv("PATH").split(":", -1))
          .noneMatch(directory -> Files.isExecutable(Path.of(directory, program)))) {
        return Optional.of(program + " is missing (apt-get install qemu-system-x86 qemu-utils)");
      }
    }
    return Optional.empty();
  }

  public LabGuest image() {
    return image;
  }

  public LaunchSettings settings() {
    return settings;
  }

  /** A directory for one guest or shadow. */
  public Path directory(String name) {
    return root.resolve(name);
  }

  /** A guest of 128 MiB with Redis. */
  public GuestSpec spec(String vm) {
    return GuestSpec.of(VmId.of(vm), 128, image.redis())
        .withForwards(List.of(PortForward.toGuest(LabGuest.REDIS_PORT)));
  }

  @Override
  public void close() throws IOException {
    try (Stream<Path> guests = Files.list(root)) {
      for (Path guest : guests.toList()) {
        QemuGuest.destroyAt(guest, KILL);
      }
    }
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
    assertThat(forgottenMemory()).as("memory that nobody has removed").isEmpty();
  }

  /** What is left is removed, and told. */
  private List<Path> forgottenMemory() throws IOException {
    String prefix = "penumbra-" + root.toString().substring(1).replace('/', '-');
    try (Stream<Path> memory = Files.list(Path.of("/dev/shm"))) {
      List<Path> left =
          memory.filter(file -> file.getFileName().toString().startsWith(prefix)).toList();
      for (Path file : left) {
        Files.deleteIfExists(file);
      }
      return left;
    }
  }
}
