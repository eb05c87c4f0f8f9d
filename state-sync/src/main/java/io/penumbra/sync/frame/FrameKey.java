package io.penumbra.sync.frame;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Locale;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** A VM's secret of 256 bits, from which the keys of its frames are derived. Never printed. */
public final class FrameKey {

  public static final int BYTES = 32;

  private final byte[] secret;

  private FrameKey(byte[] secret) {
    this.secret = secret;
  }

  /**
   * A key of 32 bytes.
   *
   * @throws IllegalArgumentException if it is shorter or longer
   */
  public static FrameKey of(byte[] secret) {
    if (secret.length != BYTES) {
      throw new IllegalArgumentException(
          "key of %d bytes; expected %d".formatted(secret.length, BYTES));
    }
    return new FrameKey(secret.clone());
  }

  /**
   * Reads what a key file holds: 64 hexadecimal digits, or 32 bytes as they are.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static FrameKey parse(byte[] file) {
    if (file.length == BYTES) {
      return of(file);
    }
    String text = new String(file, StandardCharsets.US_ASCII).strip();
    if (!text.matches("[0-9a-fA-F]{64}")) {
      throw new IllegalArgumentException(
          "%d bytes; expected 64 hexadecimal digits, or 32 bytes".formatted(file.length));
    }
    return of(HexFormat.of().parseHex(text.toLowerCase(Locale.ROOT)));
  }

  /** A secret of the same length for another purpose, from which this one can't be told. */
  public byte[] derive(String purpose) {
    try {
      HKDFParameterSpec derivation =
          HKDFParameterSpec.ofExtract()
              .addIKM(new SecretKeySpec(secret, "HKDF"))
              .thenExpand(purpose.getBytes(StandardCharsets.US_ASCII), BYTES);
      return KDF.getInstance("HKDF-SHA256").deriveData(derivation);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK 25 has HKDF-SHA256", e);
    }
  }

  byte[] secret() {
    return secret;
  }

  @Override
  public String toString() {
    return "FrameKey[secret]";
  }
}
