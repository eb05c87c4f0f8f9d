package io.penumbra.sync.engine;

import io.penumbra.sync.encode.Decoding;
import io.penumbra.sync.encode.EncodedBlock;
import io.penumbra.sync.encode.PageDecoder;
import io.penumbra.sync.encode.PageEncoder;
import io.penumbra.sync.encode.Prices;
import io.penumbra.sync.epoch.PageView;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Pages by what both ends have learned of them, see {@link io.penumbra.sync.encode}. */
public final class LearnedCoding implements PageCoding {

  private final Supplier<Prices> prices;
  private final LongSupplier cpu;

  /**
   * Sets what decides between codings.
   *
   * @param cpu nanoseconds of CPU that the calling thread has used
   */
  public LearnedCoding(Prices prices, LongSupplier cpu) {
    this(() -> prices, cpu);
  }

  /**
   * Sets what decides between codings, with prices that change: they are asked for at each group.
   */
  public LearnedCoding(Supplier<Prices> prices, LongSupplier cpu) {
    this.prices = prices;
    this.cpu = cpu;
  }

  @Override
  public int id() {
    return 3;
  }

  @Override
  public Encoder encoder() {
    return new LearnedEncoder(new PageEncoder(prices, cpu, Optional.empty()));
  }

  @Override
  public Decoder decoder() {
    return new LearnedDecoder(new PageDecoder());
  }

  private record LearnedEncoder(PageEncoder encoder) implements Encoder {

    @Override
    public void encode(
        boolean standalone, int[] pages, PageView previous, PageView current, BlockTarget target)
        throws InterruptedException, IOException {
      List<EncodedBlock> blocks =
          standalone
              ? encoder.encodeAlone(current, pages)
              : encoder.encode(previous, current, pages);
      for (EncodedBlock block : blocks) {
        target.block(block.pages(), block.bytes());
      }
    }

    @Override
    public void accepted(long epoch) {
      encoder.accepted();
    }

    @Override
    public void reset() {
      encoder.reset();
    }
  }

  private record LearnedDecoder(PageDecoder decoder) implements Decoder {

    @Override
    public boolean decode(
        boolean standalone, int[] pages, byte[] block, PageView previous, PageTarget target) {
      // Pages come out in the order in which they were named.
      int[] index = {0};
      return decoder.decode(
              block, pages, previous, (_, bytes, offset) -> target.page(index[0]++, bytes, offset))
          instanceof Decoding.Decoded;
    }

    @Override
    public void accepted(long epoch) {
      decoder.accepted();
    }

    @Override
    public void reset() {
      decoder.reset();
    }
  }
}
