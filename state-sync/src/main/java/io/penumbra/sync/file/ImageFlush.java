package io.penumbra.sync.file;

import java.io.IOException;
import java.util.Optional;

/**
 * Makes the image durable on a thread of its own, so that the receiver goes on meanwhile. One at a
 * time: whoever asks for the next waits for the last, which bounds what a start has to do again.
 */
final class ImageFlush implements AutoCloseable {

  private final ImageFiles image;
  private final LogBounds bounds;
  private Optional<Thread> running = Optional.empty();
  private volatile Optional<IOException> failure = Optional.empty();

  ImageFlush(ImageFiles image, LogBounds bounds) {
    this.image = image;
    this.bounds = bounds;
  }

  /** Begins; everything up to this epoch has been written to the image. */
  void begin(long epoch) throws IOException {
    await();
    running = Optional.of(Thread.ofPlatform().name("image-flush").daemon().start(() -> run(epoch)));
  }

  private void run(long epoch) {
    try {
      image.force();
      bounds.imageHolds(epoch);
    } catch (IOException e) {
      failure = Optional.of(e);
    }
  }

  private void await() throws IOException {
    boolean interrupted = false;
    while (running.isPresent() && running.get().isAlive()) {
      try {
        running.get().join();
      } catch (InterruptedException e) {
        // Files must not be closed under it; it takes as long as the disk does.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure.isPresent()) {
      throw new IOException("the image can't be made durable", failure.get());
    }
  }

  @Override
  public void close() throws IOException {
    await();
  }
}
