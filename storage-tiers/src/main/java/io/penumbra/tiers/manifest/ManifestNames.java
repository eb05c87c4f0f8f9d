package io.penumbra.tiers.manifest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penumbra.domain.VmId;
import java.io.ByteArrayOutputStream;
import java.util.HexFormat;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * How VMs and versions are written in keys and file names. A VM id may hold anything but blanks;
 * what isn't a letter, digit, hyphen or underscore becomes {@code =2F} and the like.
 */
final class ManifestNames {

  private ManifestNames() {}

  static String directory(VmId vm) {
    StringBuilder name = new StringBuilder("manifests/");
    for (byte b : vm.value().getBytes(UTF_8)) {
      if ((b >= '0' && b <= '9')
          || (b >= 'A' && b <= 'Z')
          || (b >= 'a' && b <= 'z')
          || b == '-'
          || b == '_') {
        name.append((char) b);
      } else {
        name.append('=').append(HexFormat.of().withUpperCase().toHexDigits(b));
      }
    }
    return name.toString();
  }

  static VmId vm(String name) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < name.length(); i++) {
      if (name.charAt(i) == '=' && i + 2 < name.length()) {
        bytes.write(HexFormat.fromHexDigits(name, i + 1, i + 3));
        i += 2;
      } else {
        bytes.write(name.charAt(i));
      }
    }
    return VmId.of(bytes.toString(UTF_8));
  }

  static String version(long version) {
    return String.format(Locale.ROOT, "%016x", version);
  }

  static OptionalLong version(String name) {
    return name.matches("[0-7][0-9a-f]{15}")
        ? OptionalLong.of(Long.parseLong(name, 16))
        : OptionalLong.empty();
  }
}
