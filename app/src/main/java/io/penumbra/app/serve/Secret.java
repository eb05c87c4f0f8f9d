package io.penumbra.app.serve;

import io.penumbra.domain.BadInputException;
import io.penumbra.web.BearerTokens;
import java.nio.file.Path;

/** Reads a secret from where it is kept; a configuration never holds one itself. */
final class Secret {

  private static final String FILE = "file:";
  private static final String ENVIRONMENT = "env:";

  private Secret() {}

  /**
   * The secret.
   *
   * @param key of the configuration, for the error
   * @param where {@code file:PATH} or {@code env:NAME}
   */
  static String read(String key, String where) {
    if (where.startsWith(FILE)) {
      return BearerTokens.secret(Path.of(where.substring(FILE.length())));
    }
    if (where.startsWith(ENVIRONMENT)) {
      String name = where.substring(ENVIRONMENT.length());
      String value = System.getenv(name);
      if (value == null || value.isBlank()) {
        throw new BadInputException(
            key, "names the environment variable %s, which is not set".formatted(name), "");
      }
      return value.strip();
    }
    // what stands there may be the secret itself, so it is not repeated
    throw new BadInputException(
        key,
        "is neither file:PATH nor env:NAME",
        "put the secret into a file that only this user can read, and name that file");
  }
}
