package io.penumbra.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RiskScore;
import io.penumbra.domain.event.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class InboxTest {

  private static Event risk(String host, double probability) {
    return new Event.HostRiskReported(
        Instant.EPOCH,
        HostId.of(host),
        new RiskScore(probability, Duration.ofDays(1), List.of(), "test"));
  }

  private static Event trusted(String host) {
    return new Event.HostTrusted(Instant.EPOCH, HostId.of(host));
  }

  @Test
  void refusesWhenFullAndKeepsWhatItHas() {
    Inbox inbox = new Inbox(2);
    assertThat(inbox.offer(trusted("a"))).isTrue();
    assertThat(inbox.offer(trusted("b"))).isTrue();
    assertThat(inbox.offer(trusted("c"))).isFalse();
    assertThat(inbox.refused()).isEqualTo(1);
    assertThat(inbox.drain()).containsExactly(trusted("a"), trusted("b"));
    assertThat(inbox.offer(trusted("c"))).as("offered again").isTrue();
  }

  @Test
  void riskOfTheSameHostIsReplacedAlsoWhenFull() {
    Inbox inbox = new Inbox(2);
    inbox.offer(risk("a", 0.1));
    inbox.offer(trusted("b"));
    assertThat(inbox.offer(risk("a", 0.2))).isTrue();
    assertThat(inbox.offer(risk("b", 0.2))).isFalse();
    assertThat(inbox.drain()).containsExactly(risk("a", 0.2), trusted("b"));
    inbox.offer(risk("a", 0.3));
    assertThat(inbox.drain()).containsExactly(risk("a", 0.3));
  }
}
