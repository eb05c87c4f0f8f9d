package io.penumbra.sync.meter;

import io.penumbra.sync.net.FrameLink;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Times frames being given to the paths. */
record MeteredLink(FrameLink link, StageMeters meters) implements FrameLink {

  @Override
  public void send(byte[] frame) throws InterruptedException, IOException {
    long start = meters.now();
    link.send(frame);
    meters.doneSince(Stage.SHARD, start, 0, frame.length);
  }

  @Override
  public Optional<Arrival> receive(Duration most) throws InterruptedException, IOException {
    return link.receive(most);
  }

  @Override
  public void close() {
    link.close();
  }
}
