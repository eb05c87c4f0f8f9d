package io.penumbra.sync.meter;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Times epochs becoming durable and applied. */
final class MeteredSink implements StateSink {

  private final StateSink sink;
  private final StageMeters meters;
  private long pages;

  MeteredSink(StateSink sink, StageMeters meters) {
    this.sink = sink;
    this.meters = meters;
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
    pages++;
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
    pages = 0;
  }

  @Override
  public void commit(EpochManifest manifest) throws IOException {
    long start = meters.now();
    sink.commit(manifest);
    meters.doneSince(Stage.STORE, start, pages, pages * PageSize.BYTES);
  }

  @Override
  public void apply() throws IOException {
    long start = meters.now();
    sink.apply();
    meters.doneSince(Stage.APPLY, start, pages, pages * PageSize.BYTES);
    pages = 0;
  }

  @Override
  public void close() throws IOException {
    sink.close();
  }
}
