package io.penumbra.adapter.qemu.capture;

import io.penumbra.sync.epoch.HealthSnapshot;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * How a guest is captured.
 *
 * @param tracking whether the kernel may be asked which pages were written; if not, or if it can't
 *     tell, pages are compared
 * @param plainDevices whether devices may be saved alone; if not, or if the guest has memory that
 *     is not shared, they are saved by a migration
 * @param requestLogPosition asked while the guest stands still
 * @param health asked while the guest stands still, so it must answer at once
 */
public record CaptureSettings(
    boolean tracking,
    boolean plainDevices,
    LongSupplier requestLogPosition,
    Supplier<HealthSnapshot> health) {

  public static final CaptureSettings DEFAULT =
      new CaptureSettings(true, true, () -> 0, () -> HealthSnapshot.UNKNOWN);

  /** The same without asking the kernel. */
  public CaptureSettings comparing() {
    return new CaptureSettings(false, plainDevices, requestLogPosition, health);
  }

  /** The same with devices saved by a migration. */
  public CaptureSettings migrating() {
    return new CaptureSettings(tracking, false, requestLogPosition, health);
  }

  /** The same with a request log. */
  public CaptureSettings withRequestLog(LongSupplier position) {
    return new CaptureSettings(tracking, plainDevices, position, health);
  }

  /** The same with somebody who knows how the guest is. */
  public CaptureSettings withHealth(Supplier<HealthSnapshot> snapshot) {
    return new CaptureSettings(tracking, plainDevices, requestLogPosition, snapshot);
  }
}
