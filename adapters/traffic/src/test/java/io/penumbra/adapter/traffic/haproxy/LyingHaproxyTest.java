package io.penumbra.adapter.traffic.haproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers that a healthy HAProxy doesn't give. */
@Timeout(180)
class LyingHaproxyTest {

  private static final String HEADER =
      "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight"
          + " srv_iweight srv_time_since_last_change srv_check_status srv_check_result"
          + " srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id"
          + " srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr"
          + " srv_agent_addr srv_agent_port\n";
  private static final String AT_1 =
      HEADER + "2 app 1 vm 127.0.0.1 2 0 1 1 1 1 0 2 0 0 0 0 - 80 - 0 0 - - 0\n\n";
  private static final String AT_2 = AT_1.replace("127.0.0.1", "127.0.0.2");

  private final ServerSocket socket = listening();
  private volatile UnaryOperator<String> answers = line -> AT_1;

  private static ServerSocket listening() {
    try {
      return new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Change pointed(UnaryOperator<String> lies) {
    answers = lies;
    Thread.ofVirtual().start(this::serve);
    Haproxy haproxy =
        new Haproxy(
            new Haproxy.Settings(
                "lb",
                new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort()),
                Duration.ofSeconds(30),
                Optional.empty()));
    return haproxy.point(
        VmId.of("vm"),
        List.of(new Slot.Readdressed(new ServerName("app", "vm"), 80)),
        HostId.of("host-2"),
        InetAddress.ofLiteral("127.0.0.2"));
  }

  private void serve() {
    while (true) {
      try (Socket client = socket.accept()) {
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
        String answer = answers.apply(in.readLine());
        client.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        return;
      }
    }
  }

  @AfterEach
  void ends() throws IOException {
    socket.close();
  }

  @Test
  void whatIsSaidToBeDoneAndCannotBeReadBackIsNotDone() {
    assertThat(pointed(line -> line.startsWith("show") ? AT_1 : "IP changed\n\n"))
        .isInstanceOfSatisfying(
            Change.Refused.class, refused -> assertThat(refused.code()).isEqualTo("not-accepted"));
  }

  @Test
  void anAnswerThatBreaksOffLeavesDoubt() {
    assertThat(pointed(line -> line.startsWith("show") ? AT_1 : "IP chan"))
        .isInstanceOf(Change.InDoubt.class);
  }

  @Test
  void anAnswerThatBreaksOffIsDoneWhenItReadsBack() {
    String[] state = {AT_1};
    assertThat(
            pointed(line -> {
              if (line.startsWith("show")) {
                return state[0];
              }
              state[0] = AT_2;
              return "IP chan";
            }))
        .isEqualTo(new Change.Verified(true));
  }

  @Test
  void aStateThatCannotBeReadBackLeavesDoubt() {
    String[] state = {AT_1};
    assertThat(
            pointed(line -> {
              if (line.startsWith("show")) {
                return state[0];
              }
              state[0] = "Permission denied\n\n";
              return "IP changed\n\n";
            }))
        .isInstanceOfSatisfying(
            Change.InDoubt.class, doubt -> assertThat(doubt.why()).contains("Permission denied"));
  }

  @Test
  void aStateThatCannotBeReadAtFirstMeansThatNothingWasDone() {
    assertThat(pointed(line -> HEADER + "2 app 1 vm 127.0.0.1 2\n\n"))
        .isInstanceOf(Change.Refused.class);
  }
}
