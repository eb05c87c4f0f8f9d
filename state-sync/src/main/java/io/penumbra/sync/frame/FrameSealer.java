package io.penumbra.sync.frame;

import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Makes frames of messages. Not for several threads at once: each frame has the next number, and
 * with a key that number is the nonce. A new sealer is made for every session.
 */
public final class FrameSealer {

  /**
   * After so many frames a new salt is drawn: AES-GCM's bound for one key is 2^32 (NIST SP
   * 800-38D).
   */
  private static final long FRAMES_PER_SALT = 1L << 31;

  static final int CHECKSUM_BYTES = 8;

  private final Optional<FrameKey> key;
  private final Direction direction;
  private final RandomGenerator random;
  private final MessageWriter writer = new MessageWriter();
  private byte[] salt;
  private Optional<FrameCipher> cipher;
  private long number;

  /**
   * Makes a sealer with a salt of its own.
   *
   * @param random with a key, a {@link java.security.SecureRandom}: salts must not repeat
   */
  public FrameSealer(Optional<FrameKey> key, Direction direction, RandomGenerator random) {
    this.key = key;
    this.direction = direction;
    this.random = random;
    salt = freshSalt();
    cipher = freshCipher();
  }

  private byte[] freshSalt() {
    byte[] fresh = new byte[FrameHeader.SALT_BYTES];
    random.nextBytes(fresh);
    return fresh;
  }

  private Optional<FrameCipher> freshCipher() {
    return key.map(secret -> new FrameCipher(secret, salt, direction));
  }

  /**
   * One message as a frame.
   *
   * @param session the number by which the other end knows this session; 0 before there is one
   */
  public byte[] seal(long session, Message message) {
    if (number == FRAMES_PER_SALT) {
      number = 0;
      salt = freshSalt();
      cipher = freshCipher();
    }
    int trailer = cipher.isPresent() ? FrameCipher.TAG_BYTES : CHECKSUM_BYTES;
    byte[] frame = writer.write(message, FrameHeader.BYTES, trailer);
    int length = frame.length - FrameHeader.BYTES;
    FrameHeader.write(
        frame, cipher.isPresent(), MessageType.of(message), length, session, number, salt);
    if (cipher.isPresent()) {
      cipher.get().seal(frame, length - trailer, number);
    } else {
      int at = frame.length - CHECKSUM_BYTES;
      ByteBuffer.wrap(frame).putLong(at, Hashing.xxh3_64().hashBytesToLong(frame, 0, at));
    }
    number++;
    return frame;
  }
}
