package io.penumbra.benchmarks;

import io.penumbra.domain.VmId;
import io.penumbra.sync.engine.PageCoding;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Adds up what each stage of an epoch takes, around the parts that do the work. */
final class Stages {

  private final Map<String, Long> nanos = new TreeMap<>();

  synchronized void add(String stage, long spent) {
    nanos.merge(stage, spent, Long::sum);
  }

  synchronized void clear() {
    nanos.clear();
  }

  /** Prints the mean of each stage. */
  synchronized void print(int epochs) {
    StringBuilder line = new StringBuilder("    mean ms:");
    nanos.forEach((stage, spent) ->
        line.append(String.format(Locale.ROOT, " %s %.2f,", stage, spent / 1e6 / epochs)));
    System.out.println(line.substring(0, line.length() - 1));
  }

  PageCoding timed(PageCoding coding) {
    return new PageCoding() {
      @Override
      public int id() {
        return coding.id();
      }

      @Override
      public Encoder encoder() {
        return new TimedEncoder(coding.encoder());
      }

      @Override
      public Decoder decoder() {
        return new TimedDecoder(coding.decoder());
      }
    };
  }

  StateSink timed(StateSink sink) {
    return new TimedSink(sink);
  }

  /** Coding without what becomes of the blocks, and sealing and sending them. */
  private final class TimedEncoder implements PageCoding.Encoder {

    private final PageCoding.Encoder encoder;

    TimedEncoder(PageCoding.Encoder encoder) {
      this.encoder = encoder;
    }

    @Override
    public void encode(
        boolean standalone,
        int[] pages,
        PageView previous,
        PageView current,
        PageCoding.BlockTarget target)
        throws InterruptedException, IOException {
      long[] sending = {0};
      long start = System.nanoTime();
      encoder.encode(
          standalone,
          pages,
          previous,
          current,
          (numbers, block) -> {
            long before = System.nanoTime();
            target.block(numbers, block);
            sending[0] += System.nanoTime() - before;
          });
      add("encode", System.nanoTime() - start - sending[0]);
      add("seal+send", sending[0]);
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

  /** Decoding, with what the engine does with each page: hashing and staging. */
  private final class TimedDecoder implements PageCoding.Decoder {

    private final PageCoding.Decoder decoder;

    TimedDecoder(PageCoding.Decoder decoder) {
      this.decoder = decoder;
    }

    @Override
    public boolean decode(
        boolean standalone,
        int[] pages,
        byte[] block,
        PageView previous,
        PageCoding.PageTarget target) {
      long start = System.nanoTime();
      boolean decoded = decoder.decode(standalone, pages, block, previous, target);
      add("decode+stage", System.nanoTime() - start);
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

  private final class TimedSink implements StateSink {

    private final StateSink sink;

    TimedSink(StateSink sink) {
      this.sink = sink;
    }

    @Override
    public Opening open(VmId vm, StateLayout layout) throws IOException {
      return sink.open(vm, layout);
    }

    @Override
    public PageView view() {
      return sink.view();
    }

    @Override
    public void stage(int page, MemorySegment content, long offset, long hash) throws IOException {
      sink.stage(page, content, offset, hash);
    }

    @Override
    public void mend(int page, MemorySegment content, long offset, long hash) throws IOException {
      sink.mend(page, content, offset, hash);
    }

    @Override
    public void unstage(int page) {
      sink.unstage(page);
    }

    @Override
    public void discard() throws IOException {
      sink.discard();
    }

    @Override
    public void commit(EpochManifest manifest) throws IOException {
      long start = System.nanoTime();
      sink.commit(manifest);
      add("commit", System.nanoTime() - start);
    }

    @Override
    public void apply() throws IOException {
      long start = System.nanoTime();
      sink.apply();
      add("apply (after ack)", System.nanoTime() - start);
    }

    @Override
    public void close() throws IOException {
      sink.close();
    }
  }
}
