package io.penumbra.adapter.qemu.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.adapter.qemu.lab.Lab;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many clients may come to a guest at once. */
class GuestDoorTest {

  private static final int CLIENTS = 60;
  private static final int PATIENCE_MILLIS = 5_000;
  private static final Duration SOON = Duration.ofSeconds(60);

  @Test
  void clientsThatComeWhileQemuIsBusyAreKeptAndNotForgotten() throws Exception {
    try (Lab lab = Lab.open("door")) {
      assumeTrue(
          "true".equals(System.getenv("CI")) || lab.settings().tracking().isPresent(),
          "there is no library to preload");
      QemuGuest guest =
          QemuGuest.launch(lab.spec("db"), GuestHome.in(lab.directory("guest")), lab.settings())
              .orThrow();
      int port = guest.hostPort(6379).orElseThrow();
      try {
        signal(guest, "STOP");
        assertThat(connected(port))
            .as("clients that were let in while nobody accepts them")
            .isEqualTo(CLIENTS);
      } finally {
        signal(guest, "CONT");
        guest.destroy(SOON).orThrow();
      }
    }
  }

  private static int connected(int port) throws IOException {
    InetSocketAddress door = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    List<Socket> clients = new ArrayList<>();
    try {
      while (clients.size() < CLIENTS) {
        Socket client = new Socket();
        clients.add(client);
        client.connect(door, PATIENCE_MILLIS);
      }
      return CLIENTS;
    } catch (SocketTimeoutException e) {
      return clients.size() - 1;
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  private static void signal(QemuGuest guest, String name) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(guest.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }
}
