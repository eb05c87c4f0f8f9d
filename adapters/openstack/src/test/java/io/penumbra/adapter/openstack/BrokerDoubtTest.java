package io.penumbra.adapter.openstack;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class BrokerDoubtTest {

  private Instant now = Instant.parse("2030-01-01T00:00:00Z");
  private final BrokerDoubt doubt = new BrokerDoubt(Duration.ofSeconds(10), () -> now);

  @Test
  void withoutABrokerThatIsWatchedThereIsNone() {
    assertThat(doubt.holds()).isFalse();
  }

  @Test
  void theFirstConnectionMayFollowAnOutageThatNobodySaw() {
    doubt.away();
    assertThat(doubt.holds()).isTrue();
    pass(2);
    doubt.there();
    pass(89);
    assertThat(doubt.holds()).isTrue();
    pass(1);
    assertThat(doubt.holds()).isFalse();
  }

  @Test
  void aLongOutageEndsInAWindowToo() {
    doubt.there();
    pass(1_000);
    doubt.away();
    pass(800);
    assertThat(doubt.holds()).isTrue();
    doubt.there();
    assertThat(doubt.holds()).isTrue();
    pass(1_000);
    doubt.away();
    pass(900);
    assertThat(doubt.holds()).isFalse();
    pass(9_000);
    doubt.there();
    assertThat(doubt.holds()).isTrue();
    pass(90);
    assertThat(doubt.holds()).isFalse();
  }

  @Test
  void aConnectionThatComesAndGoesPostponesNothingForEver() {
    for (int i = 0; i < 15; i++) {
      flap();
      assertThat(doubt.holds()).isTrue();
    }
    for (int i = 0; i < 15; i++) {
      flap();
    }
    assertThat(doubt.holds()).isFalse();
    pass(100);
    doubt.away();
    assertThat(doubt.holds()).isTrue();
  }

  private void flap() {
    doubt.away();
    pass(20);
    doubt.there();
    pass(30);
  }

  private void pass(long seconds) {
    now = now.plusSeconds(seconds);
  }
}
