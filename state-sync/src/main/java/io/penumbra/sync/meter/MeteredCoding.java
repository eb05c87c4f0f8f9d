package io.penumbra.sync.meter;

import io.penumbra.sync.engine.PageCoding;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import java.io.IOException;
import java.time.Duration;

/** Times coding, without what is done with the blocks that come out. */
record MeteredCoding(PageCoding coding, StageMeters meters) implements PageCoding {

  @Override
  public int id() {
    return coding.id();
  }

  @Override
  public Encoder encoder() {
    return new MeteredEncoder(coding.encoder(), meters);
  }

  @Override
  public Decoder decoder() {
    return new MeteredDecoder(coding.decoder(), meters);
  }

  private record MeteredEncoder(Encoder encoder, StageMeters meters) implements Encoder {

    @Override
    public void encode(
        boolean standalone, int[] pages, PageView previous, PageView current, BlockTarget target)
        throws InterruptedException, IOException {
      long[] start = {meters.now()};
      encoder.encode(
          standalone,
          pages,
          previous,
          current,
          (coded, block) -> {
            meters.doneSince(Stage.ENCODE, start[0], coded.length, block.length);
            target.block(coded, block);
            start[0] = meters.now();
          });
    }

    @Override
    public void accepted(long epoch) {
      encoder.accepted(epoch);
    }

    @Override
    public void reset() {
      encoder.reset();
    }
  }

  private record MeteredDecoder(Decoder decoder, StageMeters meters) implements Decoder {

    @Override
    public boolean decode(
        boolean standalone, int[] pages, byte[] block, PageView previous, PageTarget target) {
      long start = meters.now();
      boolean decoded = decoder.decode(standalone, pages, block, previous, target);
      long elapsed = meters.now() - start;
      long bytes = (long) pages.length * PageSize.BYTES;
      meters.done(Stage.VERIFY, Duration.ofNanos(elapsed), pages.length, bytes);
      return decoded;
    }

    @Override
    public void accepted(long epoch) {
      decoder.accepted(epoch);
    }

    @Override
    public void reset() {
      decoder.reset();
    }
  }
}
