package io.penumbra.adapter.traffic.server;

import io.penumbra.adapter.traffic.haproxy.Haproxy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A real HAProxy with one front: backend {@code app} with server {@code vm}, which is to be
 * readdressed, and backend {@code pair} with servers {@code one} and {@code two}, to be switched.
 */
public final class RealHaproxy implements AutoCloseable {

  private final String program = LocalServer.require("haproxy", "haproxy");
  private final Path directory;
  private final int front = LocalServer.freePort();
  private final int pair = LocalServer.freePort();
  private final int stats = LocalServer.freePort();
  private final boolean stateFile;
  private @Nullable LocalServer server;

  public RealHaproxy(Path directory, String app, String one, String two, boolean stateFile)
      throws Exception {
    this.directory = directory;
    this.stateFile = stateFile;
    Files.writeString(directory.resolve("haproxy.cfg"), configuration(app, one, two));
    server = launch();
  }

  private String configuration(String app, String one, String two) {
    return """
    global
      stats socket %1$s/api level admin
      stats socket 127.0.0.1:%2$d level admin
      %3$s
    defaults
      mode tcp
      timeout connect 2s
      timeout client 60s
      timeout server 60s
      load-server-state-from-file %4$s
    listen app
      bind 127.0.0.1:%5$d
      server vm %6$s
    listen pair
      bind 127.0.0.1:%7$d
      server one %8$s check inter 200ms fall 2 rise 20
      server two %9$s disabled
    """
        .formatted(
            directory,
            stats,
            stateFile ? "server-state-file %s/state".formatted(directory) : "",
            stateFile ? "global" : "none",
            front,
            app,
            pair,
            one,
            two);
  }

  private LocalServer launch(String... more) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(program, "-db", "-f", directory + "/haproxy.cfg"));
    command.addAll(List.of(more));
    return LocalServer.start(directory, "haproxy", command).listensAt(stats);
  }

  public LocalServer process() {
    return Objects.requireNonNull(server);
  }

  /** As its unit file reloads it: a new process takes over, the old one ends when it is done. */
  public void reload() throws Exception {
    LocalServer old = process();
    server = launch("-sf", Long.toString(old.pid()));
    // It listens beside the old one for a moment, which then answers too.
    if (!old.ends()) {
      throw new IllegalStateException("the old process does not end");
    }
    old.close();
  }

  public void restart() throws Exception {
    process().close();
    server = launch();
  }

  /** Patient enough for a machine that is busy. */
  public Haproxy.Settings settings(boolean tcp) {
    return settings(tcp, Duration.ofSeconds(30));
  }

  public Haproxy.Settings settings(boolean tcp, Duration patience) {
    SocketAddress api =
        tcp
            ? new InetSocketAddress(InetAddress.getLoopbackAddress(), stats)
            : UnixDomainSocketAddress.of(directory.resolve("api"));
    return new Haproxy.Settings(
        "lb-1",
        api,
        patience,
        stateFile ? Optional.of(directory.resolve("state")) : Optional.empty());
  }

  /** A client's connection through the readdressed backend. */
  public Client connect() throws IOException {
    return new Client(front);
  }

  /** A client's connection through the switched backend. */
  public Client connectPair() throws IOException {
    return new Client(pair);
  }

  /** A client, who knows to whom it is connected. */
  public static final class Client implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader in;

    private Client(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(60_000);
      in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    /** The name that the instance says, or nothing when the connection ends. */
    public String hears() throws IOException {
      try {
        String line = in.readLine();
        return line == null ? "" : line;
      } catch (SocketException e) {
        return "";
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Override
  public void close() {
    process().close();
  }
}
