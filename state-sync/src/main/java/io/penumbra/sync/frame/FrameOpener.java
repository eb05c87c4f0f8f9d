package io.penumbra.sync.frame;

import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Takes messages out of frames, or says why not. Not for several threads at once. */
public final class FrameOpener {

  /** Ciphers of the last few salts: one per session, and late frames of sessions before. */
  private static final int SALTS_MAX = 8;

  private final Optional<FrameKey> key;
  private final Direction direction;
  private final Map<ByteBuffer, FrameCipher> ciphers =
      new LinkedHashMap<>(SALTS_MAX, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, FrameCipher> eldest) {
          return size() > SALTS_MAX;
        }
      };

  public FrameOpener(Optional<FrameKey> key, Direction direction) {
    this.key = key;
    this.direction = direction;
  }

  /** Opens exactly these bytes. */
  public Opened open(byte[] frame) {
    String fault = FrameHeader.fault(frame, 0, frame.length);
    if (!fault.isEmpty()) {
      return new Opened.Rejected(fault);
    }
    int length = FrameHeader.payloadBytes(frame, 0);
    if (frame.length != FrameHeader.BYTES + length) {
      return new Opened.Rejected(
          "%d bytes; the header announces %d".formatted(frame.length, FrameHeader.BYTES + length));
    }
    if (FrameHeader.sealed(frame, 0) != key.isPresent()) {
      return new Opened.Rejected(
          key.isPresent()
              ? "not encrypted, but this end has a key; give the other end the same --key-file"
              : "encrypted, but this end has no key; give it the same --key-file");
    }
    return key.isPresent() ? decrypt(frame, length) : check(frame, length);
  }

  private Opened decrypt(byte[] frame, int length) {
    if (length < FrameCipher.TAG_BYTES) {
      return new Opened.Rejected("%d bytes are too short for a tag".formatted(length));
    }
    byte[] salt = FrameHeader.salt(frame, 0);
    FrameCipher cipher =
        ciphers.computeIfAbsent(
            ByteBuffer.wrap(salt), _ -> new FrameCipher(key.orElseThrow(), salt, direction));
    byte[] content = cipher.open(frame, 0, length, FrameHeader.number(frame, 0));
    return content.length == length - FrameCipher.TAG_BYTES && content.length > 0
        ? read(frame, ByteBuffer.wrap(content))
        : new Opened.Rejected("the tag does not match; maybe the two ends have different keys");
  }

  private static Opened check(byte[] frame, int length) {
    if (length < FrameSealer.CHECKSUM_BYTES) {
      return new Opened.Rejected("%d bytes are too short for a checksum".formatted(length));
    }
    int at = frame.length - FrameSealer.CHECKSUM_BYTES;
    return ByteBuffer.wrap(frame).getLong(at) == Hashing.xxh3_64().hashBytesToLong(frame, 0, at)
        ? read(frame, ByteBuffer.wrap(frame, FrameHeader.BYTES, at - FrameHeader.BYTES))
        : new Opened.Rejected("the checksum is wrong");
  }

  private static Opened read(byte[] frame, ByteBuffer content) {
    return switch (MessageReader.read(FrameHeader.type(frame, 0), content)) {
      case MessageReader.Result.Good(Message message) ->
          new Opened.Read(FrameHeader.session(frame, 0), message);
      case MessageReader.Result.Bad(String why) -> new Opened.Rejected(why);
    };
  }
}
