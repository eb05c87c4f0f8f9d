package io.penumbra.adapter.qemu.lab;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.epoch.StateSource;
import io.penumbra.sync.file.ScratchFile;
import io.penumbra.sync.scan.Cut;
import io.penumbra.sync.scan.CutSettings;
import io.penumbra.sync.scan.CutTaker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;

/** Carries epochs from a source to a sink in this process: the engine without its wire. */
public final class EpochPump implements AutoCloseable {

  private final VmId vm;
  private final StateSink sink;
  private final ScratchFile scratch;
  private final CutTaker taker;
  private long epoch;

  /** Connects both; the sink is opened. */
  public EpochPump(VmId vm, StateSource source, StateSink sink) throws IOException {
    this.vm = vm;
    this.sink = sink;
    scratch = ScratchFile.in(Path.of("/dev/shm"));
    taker =
        new CutTaker(
            source,
            scratch.pages(source.layout()),
            scratch,
            CutSettings.DEFAULT,
            InstantSource.system());
    if (sink.open(vm, source.layout()) instanceof StateSink.Opening.Refused(String reason)) {
      throw new IllegalStateException(reason);
    }
  }

  /** Goes on after an epoch that is there already. */
  public EpochPump after(long there) {
    epoch = there;
    return this;
  }

  /** Takes a cut, and makes it the sink's newest epoch. */
  public Cut epoch() throws IOException {
    Cut cut = stageAndCommit();
    sink.apply();
    taker.accept(cut);
    return cut;
  }

  /** As {@link #epoch}, but whoever applies it dies before. */
  public Cut epochNotApplied() throws IOException {
    return stageAndCommit();
  }

  private Cut stageAndCommit() throws IOException {
    Cut cut = taker.take();
    for (int i = 0; i < cut.pages().length; i++) {
      int page = cut.pages()[i];
      sink.stage(page, cut.current().segment(page), cut.current().offset(page), cut.hashes()[i]);
    }
    epoch++;
    sink.commit(
        new EpochManifest(
            vm,
            epoch,
            epoch - 1,
            cut.cutAt(),
            taker.layout(),
            cut.root(),
            cut.pages().length,
            cut.consistency(),
            cut.requestLogPosition(),
            cut.health()));
    return cut;
  }

  public long newest() {
    return epoch;
  }

  @Override
  public void close() throws IOException {
    scratch.close();
  }
}
