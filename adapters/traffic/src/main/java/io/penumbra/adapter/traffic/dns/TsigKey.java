package io.penumbra.adapter.traffic.dns;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.xbill.DNS.Name;
import org.xbill.DNS.TSIG;
import org.xbill.DNS.TextParseException;

/** A secret shared with a name server (RFC 8945). It is printed nowhere. */
public final class TsigKey {

  private static final Pattern FILE =
      Pattern.compile(
          "key\\s+\"?([^\"\\s{]+)\"?\\s*\\{\\s*algorithm\\s+\"?([^\";\\s]+)\"?\\s*;"
              + "\\s*secret\\s+\"([^\"]+)\"\\s*;\\s*}\\s*;");

  private final String name;
  private final Name algorithm;
  private final byte[] secret;

  private TsigKey(String name, Name algorithm, byte[] secret) {
    this.name = name;
    this.algorithm = algorithm;
    this.secret = secret;
  }

  /**
   * A key in words.
   *
   * @param algorithm {@code hmac-sha256}, {@code hmac-sha384}, {@code hmac-sha512}; older ones are
   *     refused
   * @param base64 the secret
   */
  public static TsigKey of(String name, String algorithm, String base64) {
    byte[] secret;
    try {
      secret = Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the secret of key %s is not base64".formatted(name));
    }
    if (secret.length < 16) {
      throw new IllegalArgumentException(
          "the secret of key %s has %d bytes; expected 16 or more".formatted(name, secret.length));
    }
    return new TsigKey(name, algorithmOf(name, algorithm), secret);
  }

  /** Reads the file that BIND's {@code tsig-keygen} writes and {@code named.conf} includes. */
  public static TsigKey read(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "%s can't be read: %s".formatted(file, e.getClass().getName()));
    }
    Matcher found = FILE.matcher(text);
    if (!found.find()) {
      throw new IllegalArgumentException(
          "%s holds no key; expected what tsig-keygen writes: key \"name\" { algorithm ...; secret ...; };"
              .formatted(file));
    }
    return of(found.group(1), found.group(2), found.group(3));
  }

  private static Name algorithmOf(String name, String algorithm) {
    return switch (algorithm) {
      case "hmac-sha256" -> TSIG.HMAC_SHA256;
      case "hmac-sha384" -> TSIG.HMAC_SHA384;
      case "hmac-sha512" -> TSIG.HMAC_SHA512;
      default ->
          throw new IllegalArgumentException(
              "key %s is for %s; expected hmac-sha256, hmac-sha384 or hmac-sha512"
                  .formatted(name, algorithm));
    };
  }

  TSIG tsig() {
    try {
      return new TSIG(algorithm, Name.fromString(name, Name.root), secret);
    } catch (TextParseException e) {
      throw new IllegalArgumentException("'%s' can't be the name of a key".formatted(name));
    }
  }

  @Override
  public String toString() {
    return "key " + name;
  }
}
