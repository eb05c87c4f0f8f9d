package io.penumbra.sync.net;

import io.penumbra.sync.path.link.LinkSettings;
import io.penumbra.sync.path.link.LinkState;
import io.penumbra.sync.path.link.MessageHandler;
import io.penumbra.sync.path.link.MultiPathLink;
import io.penumbra.sync.path.link.Path;
import io.penumbra.sync.path.link.PathListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Frames over several network paths at once. The receiving end waits when it can't keep up, and so
 * the sender waits too. The dialling end never makes the other wait: it hears little, and what does
 * not fit is dropped, to be said again; so the two can't wait for each other.
 */
public final class MultiPathFrames implements FrameLink {

  /** Frames that wait to be read; with frames of 256 KiB that is 8 MiB at most. */
  private static final int FRAMES_MAX = 32;

  /** What a frame can be at most, header included, and so many under way. */
  private static final int FRAME_BYTES_MAX = 2 << 20;

  private static final int WINDOW_BYTES = 16 << 20;

  private final BlockingQueue<Arrival> arrivals = new ArrayBlockingQueue<>(FRAMES_MAX);
  private final MultiPathLink link;

  private MultiPathFrames(Opening opening, boolean dropsWhenFull) {
    link = opening.open(new Inbox(arrivals, dropsWhenFull));
  }

  /**
   * The sender's end.
   *
   * @param number both ends are told the same; another one is turned away
   * @param incarnation higher at every start, for example the wall clock's milliseconds
   * @param clock nanoseconds that only go forward
   */
  public static MultiPathFrames dial(
      long number, long incarnation, List<? extends Path> paths, LongSupplier clock) {
    return new MultiPathFrames(
        inbox -> MultiPathLink.dial(settings(number, incarnation), paths, inbox, clock), true);
  }

  /** The receiver's end, see {@link #dial}. */
  public static MultiPathFrames listen(
      long number,
      long incarnation,
      int pathsMax,
      List<? extends PathListener> listeners,
      LongSupplier clock) {
    return new MultiPathFrames(
        inbox ->
            MultiPathLink.listen(settings(number, incarnation), pathsMax, listeners, inbox, clock),
        false);
  }

  private static LinkSettings settings(long number, long incarnation) {
    return LinkSettings.standard(number, incarnation).withWindow(FRAME_BYTES_MAX, WINDOW_BYTES);
  }

  @Override
  public void send(byte[] frame) throws InterruptedException, IOException {
    link.send(ByteBuffer.wrap(frame));
  }

  @Override
  public Optional<Arrival> receive(Duration most) throws InterruptedException {
    return Optional.ofNullable(arrivals.poll(most.toNanos(), TimeUnit.NANOSECONDS));
  }

  /** How the paths stand. */
  public LinkState state() {
    return link.state();
  }

  @Override
  public void close() {
    link.close();
  }

  /** Makes the link once there is somebody to hand messages to. */
  @FunctionalInterface
  private interface Opening {
    MultiPathLink open(MessageHandler inbox);
  }

  /** Where the link's own thread puts what comes. */
  private record Inbox(BlockingQueue<Arrival> arrivals, boolean dropsWhenFull)
      implements MessageHandler {

    @Override
    public void message(ByteBuffer message) throws InterruptedException {
      byte[] frame = new byte[message.remaining()];
      message.get(frame);
      Arrival arrival = new Arrival.Frame(frame);
      boolean taken = arrivals.offer(arrival);
      // What is dropped is asked for again when no answer is seen to have come.
      if (!taken && !dropsWhenFull) {
        arrivals.put(arrival);
      }
    }

    @Override
    public void peerStarted(long incarnation) {
      // Whatever waits here is from the peer before.
      arrivals.clear();
      arrivals.add(new Arrival.PeerStarted());
    }
  }
}
