package io.penumbra.adapter.fencing.redfish;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/** Who we are to a management controller. The password is printed nowhere. */
public final class Credentials {

  private final String user;
  private final String password;

  private Credentials(String user, String password) {
    this.user = user;
    this.password = password;
  }

  public static Credentials of(String user, String password) {
    if (user.isEmpty() || user.contains(":")) {
      throw new IllegalArgumentException("user '%s' is empty or has a colon".formatted(user));
    }
    return new Credentials(user, password);
  }

  /** Reads {@code user:password} from the first line of a file. */
  public static Credentials read(Path file) {
    String line;
    try {
      line = Files.readString(file).lines().findFirst().orElse("");
    } catch (IOException e) {
      throw new BadInputException(
          file.toString(), "can't be read (" + e.getClass().getSimpleName() + ")", "", e);
    }
    int colon = line.indexOf(':');
    if (colon < 1) {
      throw new BadInputException(
          file.toString(), "holds no login; expected user:password in its first line", "");
    }
    return of(line.substring(0, colon), line.substring(colon + 1));
  }

  String user() {
    return user;
  }

  String password() {
    return password;
  }

  String basic() {
    byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return "Basic " + Base64.getEncoder().encodeToString(both);
  }

  @Override
  public String toString() {
    return "login of " + user;
  }
}
