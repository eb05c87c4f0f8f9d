package io.penumbra.sync.frame;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM for the frames of one sealer. Its key is derived (HKDF-SHA256, RFC 5869) from the
 * VM's secret, the sealer's random salt and the direction, and its nonce is the frame's number: as
 * long as no two sealers draw the same salt of 128 bits, no nonce is ever used twice under a key.
 */
final class FrameCipher {

  static final int TAG_BYTES = 16;

  private static final int TAG_BITS = 128;
  private static final int NONCE_BYTES = 12;

  private final SecretKey key;
  private final Cipher cipher;

  FrameCipher(FrameKey secret, byte[] salt, Direction direction) {
    try {
      HKDFParameterSpec derivation =
          HKDFParameterSpec.ofExtract()
              .addIKM(new SecretKeySpec(secret.secret(), "HKDF"))
              .addSalt(salt)
              .thenExpand(direction.purpose().getBytes(StandardCharsets.US_ASCII), FrameKey.BYTES);
      key = KDF.getInstance("HKDF-SHA256").deriveKey("AES", derivation);
      cipher = Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK 25 has HKDF-SHA256 and AES-GCM", e);
    }
  }

  /** Encrypts in place: {@code length} bytes behind the header become that many and a tag. */
  void seal(byte[] frame, int length, long number) {
    try {
      cipher.init(Cipher.ENCRYPT_MODE, key, nonce(number));
      cipher.updateAAD(frame, 0, FrameHeader.BYTES);
      cipher.doFinal(frame, FrameHeader.BYTES, length, frame, FrameHeader.BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("could not seal frame %d".formatted(number), e);
    }
  }

  /** Decrypts; an empty array if the tag says that this is not what was sealed. */
  byte[] open(byte[] bytes, int from, int length, long number) {
    try {
      cipher.init(Cipher.DECRYPT_MODE, key, nonce(number));
      cipher.updateAAD(bytes, from, FrameHeader.BYTES);
      return cipher.doFinal(bytes, from + FrameHeader.BYTES, length);
    } catch (GeneralSecurityException e) {
      return new byte[0];
    }
  }

  private static GCMParameterSpec nonce(long number) {
    return new GCMParameterSpec(
        TAG_BITS, ByteBuffer.allocate(NONCE_BYTES).putInt(0).putLong(number).array());
  }
}
