package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.api.VmSpec.ServiceCheck;
import io.penumbra.domain.event.Outcome;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** Asks a service on a forwarded port whether it answers, as a client would. */
final class ServiceProbe {

  private static final int ATTEMPTS = 40;
  private static final int PAUSE_MILLIS = 25;

  private ServiceProbe() {}

  /** Done when it answers; tried for about a second, for a service may just have come to life. */
  static Outcome check(Optional<ServiceCheck> check, Hypervisor.Guest guest)
      throws InterruptedException {
    if (check.isEmpty()) {
      return guest.alive()
          ? new Outcome.Done()
          : new Outcome.Failed("no-answer", "its process is gone");
    }
    Optional<InetSocketAddress> at = guest.port(check.get().port());
    if (at.isEmpty()) {
      return new Outcome.Failed(
          "no-answer", "no port '%s' leads to the guest".formatted(check.get().port()));
    }
    String why = "";
    long until = System.nanoTime() + ATTEMPTS * PAUSE_MILLIS * 1_000_000L;
    do {
      try {
        return ask(check.get(), at.get());
      } catch (IOException e) {
        why = "%s: %s".formatted(at.get(), e.getMessage());
      }
      Thread.sleep(PAUSE_MILLIS);
    } while (System.nanoTime() < until);
    return new Outcome.Failed("no-answer", why);
  }

  private static Outcome ask(ServiceCheck check, InetSocketAddress at) throws IOException {
    try (Socket socket = new Socket()) {
      int millis = (int) Math.min(Integer.MAX_VALUE, check.timeout().toMillis());
      socket.connect(at, millis);
      socket.setSoTimeout(millis);
      String said =
          switch (check.kind()) {
            case TCP -> "";
            case RESP -> "*1\r\n$4\r\nPING\r\n";
            case HTTP ->
                "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                    .formatted(check.path(), at.getHostString());
          };
      socket.getOutputStream().write(said.getBytes(StandardCharsets.US_ASCII));
      return switch (check.kind()) {
        case TCP -> new Outcome.Done();
        case RESP, HTTP -> {
          byte[] first = new byte[64];
          int bytes = socket.getInputStream().read(first);
          yield judge(check.kind(), Arrays.copyOf(first, Math.max(0, bytes)));
        }
      };
    }
  }

  private static Outcome judge(ServiceCheck.Kind kind, byte[] said) throws IOException {
    String text = new String(said, StandardCharsets.US_ASCII);
    boolean answers =
        kind == ServiceCheck.Kind.RESP
            ? text.startsWith("+") || text.startsWith("-")
            : text.matches("(?s)HTTP/1\\.[01] [1-4].*");
    if (!answers) {
      throw new IOException("it says '%s'".formatted(text.strip()));
    }
    return new Outcome.Done();
  }
}
