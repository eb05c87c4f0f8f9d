package io.penumbra.sync.path.seal;

import io.penumbra.sync.path.wire.BrokenFrameException;
import io.penumbra.sync.path.wire.FrameCodec;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.SecretKey;

/**
 * Tags the headers of one direction of one connection: HMAC-SHA256 over the header's place in the
 * stream and its bytes, cut to 128 bits. None can be left out, repeated or put elsewhere. Owned by
 * one thread.
 */
public final class HeaderSeal {

  /** Length of a tag, which follows the header. */
  public static final int TAG_BYTES = 16;

  static final String ALGORITHM = "HmacSHA256";

  private final Mac mac;
  private final byte[] place = new byte[Long.BYTES];
  private long count;

  HeaderSeal(SecretKey key) {
    try {
      mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }

  /** The next header's tag. */
  public byte[] tag(ByteBuffer header) {
    ByteBuffer.wrap(place).putLong(count++);
    mac.update(place);
    mac.update(header.duplicate());
    return Arrays.copyOf(mac.doFinal(), TAG_BYTES);
  }

  /**
   * Checks the next header's tag.
   *
   * @param frame the header and its tag, from its position on
   */
  public void check(ByteBuffer frame) throws BrokenFrameException {
    int at = frame.position();
    byte[] stated = new byte[TAG_BYTES];
    frame.get(at + FrameCodec.HEADER_BYTES, stated);
    if (!MessageDigest.isEqual(stated, tag(frame.slice(at, FrameCodec.HEADER_BYTES)))) {
      throw new BrokenFrameException(
          "header %d is not the other end's. Maybe the two were given different keys?"
              .formatted(count - 1));
    }
  }
}
