package io.penumbra.adapter.traffic.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.traffic.gateway.frame.Nature;
import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.sync.requestlog.ConnectionId;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecordingTest {

  private static final byte[] PART = new byte[40];

  private final Recording recording = new Recording(1, Map.of(), 10, 100);
  private final Recording.Line line =
      recording.line(new ConnectionId("c1"), new Request(new byte[10], Nature.REPEATABLE, "GET"));

  @Test
  void anAnswerWithoutEndIsGivenUpWhereTheBoundIs() {
    assertThat(line.take(PART, 0, 40, true)).isTrue();
    assertThat(line.take(PART, 0, 40, true)).isTrue();
    assertThat(recording.cutShort()).isEmpty();
    assertThat(line.take(PART, 0, 40, true)).isFalse();
    assertThat(line.answer.size()).isZero();
    assertThat(line.isAnswered()).isFalse();
    assertThat(recording.cutShort()).isEqualTo("more than 100 bytes");
  }

  @Test
  void nothingIsKeptOnceItWasTakenOut() {
    assertThat(line.take(PART, 0, 40, true)).isTrue();
    recording.close();
    assertThat(line.take(PART, 0, 40, true)).isFalse();
    line.answered();
    assertThat(line.isAnswered()).isFalse();
    assertThat(line.answer.size()).isEqualTo(40);
  }
}
