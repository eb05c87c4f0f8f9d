package io.penumbra.tiers.seal;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * The keys of a store. One is active and encrypts what is written; the others only read what they
 * once wrote, so a rotation rewrites nothing. The naming secret makes chunk names and never
 * changes: with another one the store would find none of its chunks.
 *
 * <pre>
 * # Lines in any order; keys are 32 random bytes in Base64: openssl rand -base64 32
 * naming ...
 * key 1 ...
 * key 2 ...
 * active 2
 * </pre>
 *
 * <p>Keys never leave this package, and no message or {@code toString} shows one.
 */
public final class KeyRing {

  private static final int KEY_BYTES = 32;
  private static final int NUMBER_MAX = 65_535;
  private static final long FILE_BYTES_MAX = 1 << 20;

  private final SecretKey naming;
  private final SortedMap<Integer, Key> keys;
  private final int active;

  /** What is derived from one key of the ring: never the same key for two purposes. */
  record Key(int number, SecretKey encryption, SecretKey nonce) {

    @Override
    public String toString() {
      return "key " + number;
    }
  }

  private KeyRing(SecretKey naming, SortedMap<Integer, Key> keys, int active) {
    this.naming = naming;
    this.keys = keys;
    this.active = active;
  }

  /** Reads the ring from a file. */
  public static KeyRing read(Path file) {
    try {
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new BadInputException(
            file.toString(), "has %d bytes; that is no key ring".formatted(Files.size(file)), "");
      }
      return parse(file.toString(), Files.readString(file));
    } catch (NoSuchFileException e) {
      throw new BadInputException(
          file.toString(),
          "no such key ring",
          "Write one with the lines 'naming KEY', 'key 1 KEY' and 'active 1'; each KEY is made by"
              + " 'openssl rand -base64 32'.",
          e);
    } catch (IOException e) {
      throw new BadInputException(
          file.toString(), "key ring cannot be read", "Check owner and permissions.", e);
    }
  }

  /**
   * Reads the ring from text; a semicolon ends a line as well, for environment variables.
   *
   * @param source what to call it in messages
   */
  public static KeyRing parse(String source, String text) {
    Lines lines = new Lines(source);
    int number = 0;
    for (String line : text.split("[\n;]", -1)) {
      number++;
      String content = line.replaceFirst("#.*", "").strip();
      if (!content.isEmpty()) {
        lines.take(number, content.split("\\s+"));
      }
    }
    return lines.ring();
  }

  /** How many keys can read. */
  public int size() {
    return keys.size();
  }

  /** The number of the key that writes. */
  public int active() {
    return active;
  }

  SecretKey naming() {
    return naming;
  }

  Key writer() {
    return find(active).orElseThrow();
  }

  Optional<Key> find(int number) {
    return Optional.ofNullable(keys.get(number));
  }

  @Override
  public String toString() {
    return "key ring with keys %s, active %d".formatted(keys.keySet(), active);
  }

  private static SecretKey derive(byte[] secret, String purpose, String algorithm) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret, "HmacSHA256"));
      return new SecretKeySpec(mac.doFinal(("penumbra " + purpose).getBytes(UTF_8)), algorithm);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }

  /** Collects a ring line by line; complaints name the line and never its secret. */
  private static final class Lines {

    private final String source;
    private final SortedMap<Integer, Key> keys = new TreeMap<>();
    private final List<SecretKey> naming = new ArrayList<>();
    private final List<Integer> active = new ArrayList<>();

    Lines(String source) {
      this.source = source;
    }

    void take(int line, String... words) {
      String where = source + ":" + line;
      if (words.length == 2 && words[0].equals("naming")) {
        naming.add(derive(secret(where, words[1]), "chunk names v1", "HmacSHA256"));
      } else if (words.length == 3 && words[0].equals("key")) {
        int number = number(where, words[1]);
        byte[] secret = secret(where, words[2]);
        Key key =
            new Key(
                number,
                derive(secret, "chunk encryption v1", "AES"),
                derive(secret, "chunk nonces v1", "HmacSHA256"));
        if (keys.put(number, key) != null) {
          throw new BadInputException(where, "key %d is there twice".formatted(number), "");
        }
      } else if (words.length == 2 && words[0].equals("active")) {
        active.add(number(where, words[1]));
      } else {
        throw new BadInputException(
            where, "is no line of a key ring; expected naming, key or active", "");
      }
    }

    KeyRing ring() {
      once("naming", naming.size());
      once("active", active.size());
      int writer = active.getFirst();
      if (!keys.containsKey(writer)) {
        throw new BadInputException(
            source, "active is %d; expected one of %s".formatted(writer, keys.keySet()), "");
      }
      return new KeyRing(naming.getFirst(), keys, writer);
    }

    private void once(String word, int times) {
      if (times != 1) {
        throw new BadInputException(
            source, "'%s' is there %d times; expected once".formatted(word, times), "");
      }
    }

    private static int number(String where, String text) {
      if (text.matches("[0-9]{1,5}") && Integer.parseInt(text) >= 1) {
        int number = Integer.parseInt(text);
        if (number <= NUMBER_MAX) {
          return number;
        }
      }
      throw new BadInputException(
          where, "key number is not understood; expected 1 to %d".formatted(NUMBER_MAX), "");
    }

    private static byte[] secret(String where, String base64) {
      byte[] secret;
      try {
        secret = Base64.getDecoder().decode(base64);
      } catch (IllegalArgumentException e) {
        // Without its cause: that one's message quotes the secret's characters.
        throw new BadInputException(where, "key is not Base64", "openssl rand -base64 32");
      }
      if (secret.length != KEY_BYTES) {
        throw new BadInputException(
            where,
            "key has %d bytes; expected %d".formatted(secret.length, KEY_BYTES),
            "openssl rand -base64 32");
      }
      return secret;
    }
  }
}
