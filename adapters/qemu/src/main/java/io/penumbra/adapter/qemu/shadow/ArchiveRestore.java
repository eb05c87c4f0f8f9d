package io.penumbra.adapter.qemu.shadow;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.archive.StoreAwayException;
import io.penumbra.sync.archive.TierArchive;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.RegionPages;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.file.DirectorySink;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Makes a shadow of an epoch that is kept in a tier store, on a host that has had none of it. */
public final class ArchiveRestore {

  private ArchiveRestore() {}

  /**
   * Brings an epoch's pages; the shadow can be promoted then, or follow the primary from there.
   *
   * @return unknown if the store is away, so that it can't be said whether it has the epoch whole
   */
  public static Reply<GuestShadow> of(
      ShadowPlan plan, TierArchive archive, long epoch, ShadowMode mode, LaunchSettings settings) {
    try {
      ShadowFiles.prepare(plan);
      try (ShadowSink sink =
          new ShadowSink(plan, DirectorySink.on(plan.state(), plan.retention()))) {
        StateLayout layout = ShadowSink.layout(plan);
        switch (sink.open(plan.spec().vm(), layout)) {
          case StateSink.Opening.Refused(String reason) -> {
            return Reply.refused(reason);
          }
          case StateSink.Opening.Opened(var newest, var _) -> {
            if (newest.isPresent()) {
              return Reply.refused(
                  "%s has epoch %d already; restore into another directory"
                      .formatted(plan.directory(), newest.get().epoch()));
            }
          }
        }
        sink.commit(bring(plan, layout, archive, epoch));
      }
      return GuestShadow.create(plan, mode, settings);
    } catch (StoreAwayException e) {
      return Reply.unknown("%s: %s".formatted(plan.directory(), e.getMessage()));
    } catch (IOException | IllegalStateException e) {
      return Reply.refused("%s: %s".formatted(plan.directory(), e.getMessage()));
    }
  }

  private static EpochManifest bring(
      ShadowPlan plan, StateLayout layout, TierArchive archive, long epoch) throws IOException {
    try (Arena arena = Arena.ofShared()) {
      List<MemorySegment> regions = new ArrayList<>();
      for (int region = 0; region < layout.regions().size(); region++) {
        try (FileChannel image =
            FileChannel.open(
                ShadowFiles.image(plan, layout.regions().get(region).id().value()),
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
          regions.add(
              image.map(
                  MapMode.READ_WRITE, 0, (long) layout.pagesIn(region) << PageSize.SHIFT, arena));
        }
      }
      return archive.restore(epoch, new RegionPages(layout, regions));
    }
  }
}
