package io.penumbra.app.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class LineProgressTest {

  private Instant now = Instant.EPOCH;
  private final StringWriter written = new StringWriter();
  private final LineProgress progress =
      new LineProgress("Soaking", "seeds", 1_000, () -> now, new PrintWriter(written));

  @Test
  void shortWorkSaysNothing() {
    after(4, 1_000);

    assertThat(written.toString()).isEmpty();
  }

  @Test
  void longWorkSaysRateAndTimeLeft() {
    after(5, 100);

    assertThat(written.toString().strip())
        .isEqualTo("Soaking: 100 of 1,000 seeds, 20.0 seeds per second, about 45 s left");
  }

  @Test
  void linesBecomeFewer() {
    for (int second = 1; second <= 300; second++) {
      after(1, second);
    }

    assertThat(written.toString().lines().count()).isEqualTo(6);
  }

  private void after(int seconds, long done) {
    now = now.plus(Duration.ofSeconds(seconds));
    progress.at(done);
  }
}
