package io.penumbra.adapter.qemu.guest;

import java.nio.file.Path;

/**
 * Where the files of one guest lie.
 *
 * <pre>
 * guest.json   what it is made of, written before it starts
 * pid          of its QEMU
 * qmp.sock     QEMU's monitor
 * console.log  what the guest writes to its first serial line
 * qemu.log     what QEMU complains about
 * held         there while somebody wants the guest to be paused
 * </pre>
 *
 * @param directory its own directory; short, since the path of a socket has 107 bytes at most
 * @param ram the file that is the guest's memory; in {@code /dev/shm}, or on a disk for a shadow
 *     that shall cost little memory until it is needed
 */
public record GuestHome(Path directory, Path ram) {

  /** What fits into a socket's address (sun_path in unix(7)), with its final zero. */
  private static final int SOCKET_PATH_MAX = 107;

  public GuestHome {
    directory = directory.toAbsolutePath().normalize();
    ram = ram.toAbsolutePath().normalize();
    String longest = directory.resolve("device.sock").toString();
    if (longest.length() > SOCKET_PATH_MAX) {
      throw new IllegalArgumentException(
          "%s has %d characters; expected %d at most, maybe choose a directory nearer to the root"
              .formatted(longest, longest.length(), SOCKET_PATH_MAX));
    }
  }

  /** Memory in {@code /dev/shm}, named after the directory. */
  public static GuestHome in(Path directory) {
    Path absolute = directory.toAbsolutePath().normalize();
    String name = absolute.toString().substring(1).replace('/', '-');
    // Two paths can come out as one name, and two guests must not share a memory.
    String hash = Integer.toHexString(absolute.toString().hashCode());
    return new GuestHome(absolute, Path.of("/dev/shm/penumbra-%s-%s".formatted(name, hash)));
  }

  public Path description() {
    return directory.resolve("guest.json");
  }

  public Path pidFile() {
    return directory.resolve("pid");
  }

  public Path monitor() {
    return directory.resolve("qmp.sock");
  }

  /** Where QEMU's agent in the guest is spoken to. */
  public Path agent() {
    return directory.resolve("qga.sock");
  }

  public Path console() {
    return directory.resolve("console.log");
  }

  public Path log() {
    return directory.resolve("qemu.log");
  }

  /** There while somebody wants the guest to be paused. */
  public Path held() {
    return directory.resolve("held");
  }

  /** What QEMU writes its devices' state to; in memory, since it is written with every epoch. */
  public Path deviceState() {
    return ram.resolveSibling(ram.getFileName() + ".devices");
  }

  /** Where QEMU streams its devices' state to or from. */
  public Path deviceSocket() {
    return directory.resolve("device.sock");
  }
}
