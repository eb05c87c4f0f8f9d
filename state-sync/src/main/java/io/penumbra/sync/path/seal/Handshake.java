package io.penumbra.sync.path.seal;

import io.penumbra.sync.path.wire.BrokenFrameException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;

/**
 * Each end says a nonce of its own before anything else; the connection's two keys, one for each
 * direction, follow from both nonces and the secret (HKDF-SHA256, RFC 5869). So what was recorded
 * on another connection is worth nothing on this one.
 *
 * <pre>
 *  0  4  magic "PNBK"      8  32  nonce
 *  4  4  version 1
 * </pre>
 */
public final class Handshake {

  /** Length of what each end says. */
  public static final int BYTES = 40;

  static final int NONCE_BYTES = 32;

  private static final int MAGIC = 0x504e424b;
  private static final int FRAME_MAGIC = 0x504e4250;
  private static final int VERSION = 1;
  private static final int KEY_BYTES = 32;

  private final SecretKey secret;
  private final byte[] nonce;
  private final boolean dialled;

  Handshake(SecretKey secret, byte[] nonce, boolean dialled) {
    this.secret = secret;
    this.nonce = nonce;
    this.dialled = dialled;
  }

  /** Writes what this end says. */
  public void write(ByteBuffer to) {
    to.putInt(MAGIC).putInt(VERSION).put(nonce);
  }

  /**
   * Reads what the other end said, from the buffer's position on.
   *
   * @return the seals of this connection
   */
  public Seals read(ByteBuffer said) throws BrokenFrameException {
    int magic = said.getInt();
    int version = said.getInt();
    if (magic == FRAME_MAGIC) {
      throw new BrokenFrameException("the other end was given no key, this one was");
    }
    if (magic != MAGIC || version != VERSION) {
      throw new BrokenFrameException(
          "no handshake begins here: magic %08x, version %d".formatted(magic, version));
    }
    byte[] other = new byte[NONCE_BYTES];
    said.get(other);
    byte[] salt =
        ByteBuffer.allocate(2 * NONCE_BYTES)
            .put(dialled ? nonce : other)
            .put(dialled ? other : nonce)
            .array();
    HeaderSeal fromDialler = new HeaderSeal(derive(salt, "penumbra path from the dialler"));
    HeaderSeal fromListener = new HeaderSeal(derive(salt, "penumbra path from the listener"));
    return dialled ? new Seals(fromDialler, fromListener) : new Seals(fromListener, fromDialler);
  }

  private SecretKey derive(byte[] salt, String purpose) {
    try {
      return KDF.getInstance("HKDF-SHA256")
          .deriveKey(
              HeaderSeal.ALGORITHM,
              HKDFParameterSpec.ofExtract()
                  .addIKM(secret)
                  .addSalt(salt)
                  .thenExpand(purpose.getBytes(StandardCharsets.US_ASCII), KEY_BYTES));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK 25 has HKDF-SHA256", e);
    }
  }

  /** One for each direction. */
  public record Seals(HeaderSeal outgoing, HeaderSeal incoming) {}
}
