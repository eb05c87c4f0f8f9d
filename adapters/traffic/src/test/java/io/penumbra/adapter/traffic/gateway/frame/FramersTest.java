package io.penumbra.adapter.traffic.gateway.frame;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.traffic.gateway.frame.Framer.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class FramersTest {

  /** {@code -Dpenumbra.fuzz.gateway=1000000} for a long run. */
  private static final int ROUNDS = Integer.getInteger("penumbra.fuzz.gateway", 20_000);

  private static final List<String> RESP_REQUESTS =
      List.of(
          "*1\r\n$4\r\nPING\r\n",
          "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n",
          "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\n1\r\n*2\r\n",
          "PING\r\n",
          "set key \"a b\"\n",
          "\r\n",
          "*0\r\n",
          "*-1\r\n");

  private static final List<String> RESP_RESPONSES =
      List.of(
          "+OK\r\n",
          "-ERR no\r\n",
          ":-12\r\n",
          "$-1\r\n",
          "$0\r\n\r\n",
          "$7\r\n*1\r\n$1\r\r\n",
          "*-1\r\n",
          "*0\r\n",
          "*2\r\n*2\r\n:1\r\n$1\r\na\r\n+x\r\n",
          "%1\r\n+k\r\n*1\r\n_\r\n",
          "|1\r\n+ttl\r\n:3600\r\n$1\r\nx\r\n",
          ">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n",
          "~2\r\n#t\r\n,1.5\r\n",
          "=5\r\ntxt:a\r\n",
          "(123456789012345678901234567890\r\n");

  private static final List<String> HTTP_REQUESTS =
      List.of(
          "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "\r\nGET /x HTTP/1.0\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
          "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "3\r\na\r\n\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
          "PUT /c HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nT: v\r\n\r\n");

  private static final List<String> HTTP_RESPONSES =
      List.of(
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
          "HTTP/1.1 204 No Content\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n",
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n");

  @Test
  void everyMessageIsFoundHoweverItIsCut() {
    findsAll(RespRequests::new, RESP_REQUESTS);
    findsAll(RespResponses::new, RESP_RESPONSES);
    findsAll(HttpRequests::new, HTTP_REQUESTS);
    findsAll(HttpResponses::new, HTTP_RESPONSES);
  }

  @Test
  void damagedInputNeverThrowsAndNeverStandsStill() {
    damage(RespRequests::new, RESP_REQUESTS);
    damage(RespResponses::new, RESP_RESPONSES);
    damage(HttpRequests::new, HTTP_REQUESTS);
    damage(HttpResponses::new, HTTP_RESPONSES);
  }

  @Test
  void whatTwoReadersCouldTakeDifferentlyIsRefused() {
    for (String bad :
        List.of(
            "GET / HTTP/1.1\nHost: a\n\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
            "GET /a b HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")) {
      assertThat(last(new HttpRequests(), bad)).as(bad).isEqualTo(Progress.BROKEN);
    }
    for (String bad : List.of("*1\r\n+PING\r\n", "*1\r\n$4\r\nPINGxx", "*x\r\n", "*1\r\n$-1\r\n")) {
      assertThat(last(new RespRequests(), bad)).as(bad).isEqualTo(Progress.BROKEN);
    }
  }

  @Test
  void theAnswerToHeadHasNoBodyAndOneWithoutLengthEndsWithTheConnection() {
    HttpResponses responses = new HttpResponses();
    responses.answering(new HttpRequests().read("HEAD / HTTP/1.1\r\n\r\n".getBytes(ISO_8859_1)));
    assertThat(last(responses, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))
        .isEqualTo(Progress.WHOLE);

    responses.reset();
    assertThat(last(responses, "HTTP/1.0 200 OK\r\n\r\nsome")).isEqualTo(Progress.OPEN);
    assertThat(responses.endsWithConnection()).isTrue();
    assertThat(responses.last()).isTrue();
  }

  @Test
  void commandsSayWhatTheyDoToAConnection() {
    assertThat(nature("GET a\r\n")).isEqualTo(Nature.REPEATABLE);
    assertThat(nature("*2\r\n$4\r\nincr\r\n$1\r\na\r\n")).isEqualTo(Nature.ONCE);
    assertThat(nature("set a 1\r\n")).isEqualTo(Nature.REPEATABLE);
    assertThat(nature("set a 1 NX\r\n")).isEqualTo(Nature.ONCE);
    assertThat(nature("SELECT 1\r\n")).isEqualTo(Nature.CONNECTION);
    assertThat(nature("client reply off\r\n")).isEqualTo(Nature.OPAQUE);
    assertThat(nature("xread count 1 block 0 streams s $\r\n")).isEqualTo(Nature.BLOCKING);
    assertThat(nature("xread streams block 0\r\n")).isEqualTo(Nature.REPEATABLE);
    assertThat(nature("BLPOP a 0\r\n")).isEqualTo(Nature.BLOCKING);
    assertThat(nature("NEWCOMMAND\r\n")).isEqualTo(Nature.ONCE);
  }

  private static Nature nature(String request) {
    return new RespRequests().read(request.getBytes(ISO_8859_1)).nature();
  }

  private static Progress last(Framer framer, String text) {
    byte[] bytes = text.getBytes(ISO_8859_1);
    int at = 0;
    while (at < bytes.length && framer.progress() == Progress.OPEN) {
      at = framer.feed(bytes, at, bytes.length);
    }
    return framer.progress();
  }

  private static void findsAll(Supplier<Framer> framers, List<String> messages) {
    for (long seed = 0; seed < 300; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<String> sent = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        sent.add(messages.get(random.nextInt(messages.size())));
      }
      byte[] stream = String.join("", sent).getBytes(ISO_8859_1);
      assertThat(read(framers.get(), stream, random)).as("seed " + seed).isEqualTo(sent);
    }
  }

  private static void damage(Supplier<Framer> framers, List<String> messages) {
    for (long seed = 0; seed < ROUNDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      StringBuilder stream = new StringBuilder();
      for (int i = 0; i < 3; i++) {
        stream.append(messages.get(random.nextInt(messages.size())));
      }
      byte[] bytes = stream.toString().getBytes(ISO_8859_1);
      for (int i = 0; i < 1 + random.nextInt(4); i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      int found = String.join("", read(framers.get(), bytes, random)).length();
      assertThat(found).as("seed " + seed).isLessThanOrEqualTo(bytes.length);
    }
  }

  /** Feeds the stream in random portions and gives the messages up to the first broken one. */
  private static List<String> read(Framer framer, byte[] stream, SplittableRandom random) {
    List<String> found = new ArrayList<>();
    int start = 0;
    int at = 0;
    while (at < stream.length) {
      int to = Math.min(stream.length, at + 1 + random.nextInt(12));
      int next = framer.feed(stream, at, to);
      if (framer.progress() == Progress.BROKEN) {
        assertThat(framer.complaint()).isNotEmpty();
        return found;
      }
      assertThat(next).isGreaterThan(at);
      at = next;
      if (framer.progress() == Progress.WHOLE) {
        byte[] message = java.util.Arrays.copyOfRange(stream, start, at);
        found.add(new String(message, ISO_8859_1));
        if (framer instanceof RequestReader reader && !reader.nothing()) {
          assertThat(reader.read(message).bytes()).isEqualTo(message);
        }
        framer.reset();
        start = at;
      }
    }
    return found;
  }
}
