package io.penumbra.adapter.qemu.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QmpClientTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final Duration MOMENT = Duration.ofMillis(50);

  @TempDir Path directory;

  private Path socket() {
    return directory.resolve("q");
  }

  private static String answer(String command) {
    return switch (command) {
      case "query-status" ->
          """
          {"event": "RTC_CHANGE", "data": {}, "timestamp": {"seconds": 7, "microseconds": 9}}
          {"return": {"status": "running"}, "id": ID}\
          """;
      case "cont" -> "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": ID}";
      default -> "";
    };
  }

  @Test
  void anAnswerARefusalAndSilenceAreThreeThings() throws IOException {
    try (FakeQemu _ = new FakeQemu(socket(), QmpClientTest::answer);
        QmpClient client = QmpClient.connect(socket(), SOON).orThrow()) {
      assertThat(client.execute("query-status").orThrow().path("status").asText())
          .isEqualTo("running");
      assertThat(client.execute("cont")).isEqualTo(Reply.refused("no"));
      assertThat(client.execute(QmpCommand.of("stop"), MOMENT))
          .isEqualTo(Reply.unknown("stop: no answer within PT0.05S"));
    }
  }

  @Test
  void commandsThatGoTogetherAreEachAnswered() throws IOException {
    try (FakeQemu _ = new FakeQemu(socket(), QmpClientTest::answer);
        QmpClient client = QmpClient.connect(socket(), SOON).orThrow()) {
      List<Reply<JsonNode>> replies =
          client.executeTogether(
              List.of(QmpCommand.of("cont"), QmpCommand.of("query-status")), SOON);

      assertThat(replies.getFirst().isDone()).isFalse();
      assertThat(replies.getLast().isDone()).isTrue();
    }
  }

  @Test
  void aWatchSeesWhatHappenedSinceItWasMade() throws IOException {
    try (FakeQemu _ = new FakeQemu(socket(), QmpClientTest::answer);
        QmpClient client = QmpClient.connect(socket(), SOON).orThrow();
        EventWatch watch = client.watch("RTC_CHANGE")) {
      client.execute("query-status").orThrow();

      Optional<QmpEvent> seen = watch.await(_ -> true, SOON);

      assertThat(seen.orElseThrow().at().toString()).isEqualTo("1970-01-01T00:00:07.000009Z");
      assertThat(watch.await(_ -> true, MOMENT)).isEmpty();
    }
  }

  @Test
  void whoIsWaitingLearnsThatTheConnectionBrokeAndTheNextCommandConnectsAnew()
      throws IOException, InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    try (FakeQemu qemu = new FakeQemu(socket(), QmpClientTest::answer);
        QmpClient client = QmpClient.connect(socket(), SOON).orThrow()) {
      client.onClosed(told::countDown);
      qemu.hangUpWhenTold("stop");

      Reply<JsonNode> reply = client.execute(QmpCommand.of("stop"), SOON);

      assertThat(reply).isInstanceOf(Reply.Unknown.class);
      assertThat(told.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(client.isConnected()).isFalse();
      assertThat(client.execute("query-status").isDone()).isTrue();
    }
  }

  @Test
  void anEndThatAWriterMeetsFirstIsToldAllTheSame() throws IOException, InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    try (FakeQemu qemu = new FakeQemu(socket(), QmpClientTest::answer);
        QmpClient client = QmpClient.connect(socket(), SOON).orThrow()) {
      client.onClosed(told::countDown);
      qemu.goDeaf();

      Reply<JsonNode> reply = client.execute(QmpCommand.of("stop"), SOON);

      assertThat(reply.refusal().orElseThrow()).contains("cannot be written to");
      assertThat(told.await(60, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void whereNobodyListensIsRefused() {
    assertThat(QmpClient.connect(socket(), MOMENT)).isInstanceOf(Reply.Refused.class);
  }
}
