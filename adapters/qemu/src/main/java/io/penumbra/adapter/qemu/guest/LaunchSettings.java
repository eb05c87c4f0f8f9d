package io.penumbra.adapter.qemu.guest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How QEMU is started; nothing of it shows in the guest.
 *
 * @param binary QEMU's system emulator
 * @param wrapper words before the command, for example {@code nice -n 5}; they must end in an exec
 * @param tracking a library to preload that lets another process see which pages the guest writes,
 *     see {@code io.penumbra.adapter.qemu.dirty}
 * @param packetCapture a file (pcap) for every packet of the guest's network card
 * @param isolated the guest reaches nobody; who is led to it by a forwarded port is answered
 * @param patience how long QEMU may take until it answers
 */
public record LaunchSettings(
    String binary,
    List<String> wrapper,
    Optional<Path> tracking,
    Optional<Path> packetCapture,
    boolean isolated,
    Duration patience) {

  public static final LaunchSettings DEFAULT =
      new LaunchSettings(
          "qemu-system-x86_64",
          List.of(),
          Optional.empty(),
          Optional.empty(),
          false,
          Duration.ofSeconds(30));

  public LaunchSettings {
    wrapper = List.copyOf(wrapper);
  }

  /** The same with a library that tells which pages are written. */
  public LaunchSettings withTracking(Path library) {
    return new LaunchSettings(
        binary, wrapper, Optional.of(library), packetCapture, isolated, patience);
  }

  /** The same with a capture of packets. */
  public LaunchSettings withPacketCapture(Path file) {
    return new LaunchSettings(binary, wrapper, tracking, Optional.of(file), isolated, patience);
  }

  /** The same with words before the command. */
  public LaunchSettings withWrapper(List<String> words) {
    return new LaunchSettings(binary, words, tracking, packetCapture, isolated, patience);
  }

  /** The same for a guest that shall reach nobody, whose packets nobody keeps, nor a copy. */
  public LaunchSettings alone() {
    return new LaunchSettings(binary, wrapper, Optional.empty(), Optional.empty(), true, patience);
  }
}
