package io.penumbra.sync.net;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * Carries frames to the other end and back. Frames may get lost, come twice or overtake each other;
 * the sessions put up with it. One thread may send while another receives.
 */
public interface FrameLink extends AutoCloseable {

  /** Sends a frame; waits while the way takes no more, which is the back-pressure. */
  void send(byte[] frame) throws InterruptedException, IOException;

  /** Waits for what comes next, but no longer than this; empty if nothing came. */
  Optional<Arrival> receive(Duration most) throws InterruptedException, IOException;

  @Override
  void close();

  /** What came. */
  sealed interface Arrival {

    /** A frame, as far as the link can tell: it may be damaged. */
    // Read once by whoever received it.
    @SuppressWarnings("ArrayRecordComponent")
    record Frame(byte[] bytes) implements Arrival {}

    /** The other end is there, for the first time or anew: what was under way is gone. */
    record PeerStarted() implements Arrival {}
  }
}
