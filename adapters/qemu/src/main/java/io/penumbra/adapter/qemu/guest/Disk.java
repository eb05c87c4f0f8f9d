package io.penumbra.adapter.qemu.guest;

import io.penumbra.domain.Guard;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A disk of a guest.
 *
 * @param name its name in QEMU and in epochs, for example {@code disk-0}
 */
public record Disk(String name, Path file, Format format) {

  /** How the file is laid out. The guest sees no difference. */
  public enum Format {
    RAW,
    QCOW2;

    /** What QEMU calls it. */
    String driver() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Disk {
    Guard.identifier("disk name", name);
    if (!name.matches("[a-z][a-z0-9-]{0,25}")) {
      throw new IllegalArgumentException(
          "disk name '%s'; expected 1 to 26 of a-z, 0-9 and -, a letter first".formatted(name));
    }
    if (name.equals("ram") || name.equals("devices") || name.endsWith("-file")) {
      throw new IllegalArgumentException(
          "disk name '%s'; 'ram', 'devices' and '...-file' mean something else".formatted(name));
    }
    file = file.toAbsolutePath();
  }

  public static Disk raw(String name, Path file) {
    return new Disk(name, file, Format.RAW);
  }

  public static Disk qcow2(String name, Path file) {
    return new Disk(name, file, Format.QCOW2);
  }
}
