package io.penumbra.app.train;

import io.penumbra.placement.risk.TrainingProgress;
import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** One bar while samples are read, then one while trees grow, each with rate and time left. */
final class TrainingBars implements TrainingProgress, AutoCloseable {

  private static final int REFRESH_MILLIS = 200;

  private final ProgressBar reading;
  private Optional<ProgressBar> growing = Optional.empty();

  /**
   * Starts the first bar on standard error.
   *
   * @param samplesAbout 0 when nobody knows
   */
  TrainingBars(long samplesAbout) {
    reading = bar("Reading samples", samplesAbout > 0 ? samplesAbout : -1, " samples");
  }

  private static ProgressBar bar(String task, long max, String unit) {
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(max)
        .setUnit(unit, 1)
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .showSpeed()
        .setConsumer(new ConsoleProgressBarConsumer(System.err))
        .build();
  }

  @Override
  public void read(long samples) {
    if (reading.getMax() > 0 && samples > reading.getMax()) {
      reading.maxHint(samples);
    }
    reading.stepTo(samples);
  }

  @Override
  public void grown(int trees, int of) {
    if (growing.isEmpty()) {
      reading.maxHint(reading.getCurrent());
      reading.close();
      growing = Optional.of(bar("Growing trees", of, " trees"));
    }
    growing.get().stepTo(trees);
  }

  @Override
  public void close() {
    growing.ifPresentOrElse(ProgressBar::close, reading::close);
  }
}
