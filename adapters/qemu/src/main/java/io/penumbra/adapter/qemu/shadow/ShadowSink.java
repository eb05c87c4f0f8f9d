package io.penumbra.adapter.qemu.shadow;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.capture.DeviceState;
import io.penumbra.adapter.qemu.capture.QemuSource;
import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageView;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.file.DirectorySink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * A shadow's files as a sink: takes the state of its VM in the regions a guest of its spec has, and
 * of no other.
 */
final class ShadowSink implements StateSink {

  private final ShadowPlan plan;
  private final DirectorySink files;
  private boolean opened;

  /** A guest may have run here, and what differs since is known to who sends. */
  private boolean readBack;

  private boolean closed;

  ShadowSink(ShadowPlan plan, DirectorySink files) {
    this.plan = plan;
    this.files = files;
  }

  /** The regions of a guest: those that {@link QemuSource} has. */
  static StateLayout layout(ShadowPlan plan) {
    List<Region> regions = new ArrayList<>();
    regions.add(new Region(QemuSource.RAM, RegionKind.RAM, plan.spec().memoryBytes()));
    regions.add(new Region(QemuSource.DEVICES, RegionKind.DEVICE, DeviceState.REGION_BYTES));
    plan.spec()
        .disks()
        .forEach(disk ->
            regions.add(
                new Region(
                    RegionId.of(disk.name()),
                    RegionKind.DISK,
                    plan.primary().diskBytes().getOrDefault(disk.name(), 1L))));
    return new StateLayout(regions);
  }

  @Override
  public Opening open(VmId vm, StateLayout layout) throws IOException {
    if (!vm.equals(plan.spec().vm()) || !layout.equals(layout(plan))) {
      return new Opening.Refused(
          "this is the shadow of %s with %s; what comes is %s with %s"
              .formatted(plan.spec().vm(), layout(plan).regions(), vm, layout.regions()));
    }
    if (closed) {
      return new Opening.Refused("the shadow's files are being moved; come again");
    }
    Opening opening = files.open(vm, layout);
    opened = opening instanceof Opening.Opened;
    readBack = opened && Files.exists(ShadowFiles.ran(plan));
    return opening;
  }

  @Override
  public PageView view() {
    return files.view();
  }

  @Override
  public void stage(int page, MemorySegment content, long offset, long hash) throws IOException {
    files.stage(page, content, offset, hash);
  }

  @Override
  public void mend(int page, MemorySegment content, long offset, long hash) throws IOException {
    files.mend(page, content, offset, hash);
  }

  @Override
  public void unstage(int page) {
    files.unstage(page);
  }

  @Override
  public void discard() throws IOException {
    files.discard();
  }

  @Override
  public void commit(EpochManifest manifest) throws IOException {
    files.commit(manifest);
  }

  @Override
  public void apply() throws IOException {
    files.apply();
    if (readBack && files.newest().isPresent()) {
      Files.deleteIfExists(ShadowFiles.ran(plan));
      readBack = false;
    }
  }

  /** Whether memory, devices and disks are what they were at that epoch; reads all of it. */
  boolean isWhole(EpochManifest manifest) {
    PageView view = files.view();
    long[] hashes = new long[view.pages()];
    IntStream.range(0, hashes.length)
        .parallel()
        .forEach(page -> hashes[page] = PageHash.of(view, page));
    return PageHashes.of(hashes).root().equals(manifest.root());
  }

  Optional<EpochManifest> newest() {
    return files.newest();
  }

  /** Makes memory and disks what they were at an epoch; drops what is still arriving. */
  Reply<GuestShadow.Settled> settle(OptionalLong epoch) {
    try {
      if (!opened) {
        // All that is there was verified when it came; to read it again would be felt.
        Optional<String> refusal = files.attach(plan.spec().vm(), layout(plan));
        if (refusal.isPresent()) {
          return Reply.refused(refusal.get());
        }
        opened = true;
      }
      if (files.newest().isEmpty()) {
        return Reply.refused("no epoch of %s has arrived whole".formatted(plan.spec().vm()));
      }
      files.discard();
      files.apply();
      EpochManifest manifest = files.newest().orElseThrow();
      if (epoch.isPresent() && epoch.getAsLong() != manifest.epoch()) {
        manifest = files.goBack(epoch.getAsLong());
      }
      return Reply.done(new GuestShadow.Settled(manifest, devices()));
    } catch (IOException | IllegalArgumentException e) {
      return Reply.refused("%s: %s".formatted(plan.state(), e.getMessage()));
    }
  }

  /** Memory is of no use without them; disks are. */
  private Reply<DeviceState> devices() {
    try {
      return Reply.done(DeviceState.read(files.region(1)));
    } catch (IllegalArgumentException e) {
      return Reply.refused("%s: %s".formatted(plan.state(), e.getMessage()));
    }
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      files.close();
    }
  }
}
