package io.penumbra.sync.engine;

import io.penumbra.sync.net.FrameLink;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Two ends in one process; frames may get lost, come twice, or get damaged on the way. */
final class LoopLink implements FrameLink {

  private final BlockingQueue<Arrival> out;
  private final BlockingQueue<Arrival> in;
  private final SplittableRandom random;
  private final double harm;

  private LoopLink(
      BlockingQueue<Arrival> out, BlockingQueue<Arrival> in, SplittableRandom random, double harm) {
    this.out = out;
    this.in = in;
    this.random = random;
    this.harm = harm;
  }

  static LoopLink[] pair(long seed, double harm) {
    BlockingQueue<Arrival> there = new ArrayBlockingQueue<>(16);
    BlockingQueue<Arrival> back = new ArrayBlockingQueue<>(1024);
    return new LoopLink[] {
      new LoopLink(there, back, new SplittableRandom(seed), harm),
      new LoopLink(back, there, new SplittableRandom(seed + 1), harm)
    };
  }

  @Override
  public void send(byte[] frame) throws InterruptedException {
    if (random.nextDouble() < harm) {
      return;
    }
    byte[] sent = frame.clone();
    if (random.nextDouble() < harm) {
      sent[random.nextInt(sent.length)] ^= (byte) (1 << random.nextInt(8));
    }
    out.put(new Arrival.Frame(sent));
    if (random.nextDouble() < harm) {
      out.put(new Arrival.Frame(frame.clone()));
    }
  }

  @Override
  public Optional<Arrival> receive(Duration most) throws InterruptedException {
    return Optional.ofNullable(in.poll(most.toNanos(), TimeUnit.NANOSECONDS));
  }

  @Override
  public void close() {}
}
