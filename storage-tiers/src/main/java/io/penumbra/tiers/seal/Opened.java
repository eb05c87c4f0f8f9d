package io.penumbra.tiers.seal;

import java.nio.ByteBuffer;

/** What opening a sealed chunk gave. */
public sealed interface Opened {

  /** The content, read-only, and it fits its name. */
  record Content(ByteBuffer bytes) implements Opened {}

  /** This is not what was sealed under that name. */
  record Damaged(String evidence) implements Opened {}

  /** It may be fine, but the key that sealed it isn't in the ring. */
  record KeyMissing(int key) implements Opened {

    /** What to tell a person. */
    public String reason() {
      return "sealed with key %d, which is not in the key ring".formatted(key);
    }
  }
}
