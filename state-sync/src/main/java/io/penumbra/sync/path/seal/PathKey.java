package io.penumbra.sync.path.seal;

import java.security.SecureRandom;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/** What both ends of a link know and a stranger does not. Never printed. */
public final class PathKey {

  private static final int BYTES_MIN = 16;

  private final SecretKey secret;
  private final SecureRandom random;

  private PathKey(SecretKey secret, SecureRandom random) {
    this.secret = secret;
    this.random = random;
  }

  /**
   * A key.
   *
   * @param secret at least 16 bytes that are used for nothing else
   * @param random where nonces come from
   */
  public static PathKey of(byte[] secret, SecureRandom random) {
    if (secret.length < BYTES_MIN) {
      throw new IllegalArgumentException(
          "a key of %d bytes; expected %d at least".formatted(secret.length, BYTES_MIN));
    }
    return new PathKey(new SecretKeySpec(secret, "HKDF"), random);
  }

  /** The part of the end that has dialled, for one connection. */
  public Handshake dialled() {
    return new Handshake(secret, nonce(), true);
  }

  /** The part of the end that was called, for one connection. */
  public Handshake accepted() {
    return new Handshake(secret, nonce(), false);
  }

  private byte[] nonce() {
    byte[] nonce = new byte[Handshake.NONCE_BYTES];
    random.nextBytes(nonce);
    return nonce;
  }

  @Override
  public String toString() {
    return "PathKey[secret]";
  }
}
