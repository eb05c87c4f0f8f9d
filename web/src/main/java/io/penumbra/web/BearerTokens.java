package io.penumbra.web;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Callers known by a bearer token (RFC 6750). Only digests of the tokens are kept, and all are
 * compared in constant time.
 */
public final class BearerTokens implements Gatekeeper {

  private static final String SCHEME = "Bearer ";
  private static final int SHORTEST = 16;

  private final SortedMap<String, byte[]> digests = new TreeMap<>();

  /**
   * Knows these callers.
   *
   * @param tokens by the caller's name
   */
  public BearerTokens(SortedMap<String, String> tokens) {
    tokens.forEach((name, token) -> {
      if (token.length() < SHORTEST) {
        throw new BadInputException(
            "token of " + name,
            "has %d characters; expected %d or more".formatted(token.length(), SHORTEST),
            "make one with: openssl rand -hex 32");
      }
      digests.put(name, digest(token));
    });
  }

  /** One caller, whose token is a file's first line. */
  public static BearerTokens fromFile(String name, Path file) {
    return new BearerTokens(new TreeMap<>(Map.of(name, secret(file))));
  }

  /** A secret that is a file's first line. */
  public static String secret(Path file) {
    try (var lines = Files.lines(file)) {
      return lines
          .findFirst()
          .map(String::strip)
          .filter(line -> !line.isEmpty())
          .orElseThrow(() ->
              new BadInputException(
                  file.toString(), "is empty; expected a secret in its first line", ""));
    } catch (IOException e) {
      throw new BadInputException(
          file.toString(), "can't be read: " + e.getMessage(), "check its path and mode", e);
    }
  }

  @Override
  public Admission admit(Visitor visitor) {
    Optional<String> said = visitor.header("Authorization");
    if (said.isEmpty() || !said.get().startsWith(SCHEME)) {
      return new Admission.Stranger();
    }
    byte[] digest = digest(said.get().substring(SCHEME.length()).strip());
    Admission found = new Admission.Stranger();
    for (var entry : digests.entrySet()) {
      if (MessageDigest.isEqual(entry.getValue(), digest)) {
        found = new Admission.Welcome(entry.getKey());
      }
    }
    return found;
  }

  /** SHA-256 of a token: what is kept of one instead of itself. */
  public static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
