package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A QMP socket of our own before the monitor of a domain, which libvirt keeps to itself: what is
 * asked there goes through {@code qemu-monitor-command}, and QEMU's events come back. Each question
 * takes libvirt some milliseconds.
 */
final class LibvirtBridge implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern EVENT =
      Pattern.compile("event (\\S+) (?:at \\S+ )?for domain '[^']*': (.*)");
  private static final Duration LOOK = Duration.ofMillis(10);
  private static final Duration AGAIN = Duration.ofMillis(300);
  private static final String GREETING = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}";

  private final String domain;
  private final long pid;
  private final Path socket;
  private final Optional<String> uri;
  private VirshShell commands;
  private VirshShell events;
  private final ServerSocketChannel server;
  private Optional<SocketChannel> client = Optional.empty();
  private volatile boolean closed;

  private LibvirtBridge(
      String domain,
      long pid,
      Path socket,
      Optional<String> uri,
      VirshShell commands,
      VirshShell events,
      ServerSocketChannel server) {
    this.domain = domain;
    this.pid = pid;
    this.socket = socket;
    this.uri = uri;
    this.commands = commands;
    this.events = events;
    this.server = server;
  }

  /**
   * Listens at a socket, for us alone.
   *
   * @param pid of the domain's QEMU; when it ends, whoever is connected is hung up on
   */
  static LibvirtBridge open(String domain, long pid, Optional<String> uri, Path socket)
      throws IOException {
    Files.deleteIfExists(socket);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      VirshShell commands = VirshShell.start(uri);
      VirshShell events = events(domain, uri);
      LibvirtBridge bridge = new LibvirtBridge(domain, pid, socket, uri, commands, events, server);
      Thread.ofPlatform().daemon().name("bridge " + domain).start(bridge::accept);
      Thread.ofPlatform().daemon().name("events " + domain).start(bridge::listen);
      Thread.ofVirtual().start(bridge::watch);
      return bridge;
    } catch (IOException e) {
      server.close();
      throw e;
    }
  }

  private static VirshShell events(String domain, Optional<String> uri) throws IOException {
    return VirshShell.start(uri, "qemu-monitor-event", domain, "--loop");
  }

  private void accept() {
    while (!closed) {
      try (SocketChannel accepted = server.accept()) {
        synchronized (this) {
          client = Optional.of(accepted);
        }
        tell(GREETING);
        serve(
            new BufferedReader(
                new InputStreamReader(Channels.newInputStream(accepted), StandardCharsets.UTF_8)));
      } catch (IOException hungUp) {
        // Another may connect.
      } finally {
        synchronized (this) {
          client = Optional.empty();
        }
      }
    }
  }

  private void serve(BufferedReader from) throws IOException {
    for (String line = from.readLine(); line != null; line = from.readLine()) {
      if (!line.isBlank() && JSON.readTree(line) instanceof ObjectNode asked) {
        JsonNode id = asked.remove("id");
        ObjectNode answer = answer(asked);
        tell(answer.set("id", id).toString());
      }
    }
  }

  private ObjectNode answer(ObjectNode asked) throws IOException {
    if (asked.path("execute").asText().equals("qmp_capabilities")) {
      // Libvirt did that when it started the guest.
      ObjectNode agreed = JSON.createObjectNode();
      agreed.putObject("return");
      return agreed;
    }
    // In JSON the quote can be written so that virsh does not see it.
    String json = asked.toString().replace("'", "\\u0027");
    try {
      String said =
          commands.ask(
              "qemu-monitor-command %s %s"
                  .formatted(VirshShell.quoted(domain), VirshShell.quoted(json)));
      if (said.startsWith("{") && JSON.readTree(said) instanceof ObjectNode answer) {
        return answer;
      }
      return anew(said);
    } catch (IOException virshHasEnded) {
      return anew(String.valueOf(virshHasEnded.getMessage()));
    }
  }

  /**
   * When libvirt is started anew, virsh complains of that unasked, and an answer may come after it:
   * what comes from another virsh is the answer to what it was asked. Whether this was done nobody
   * knows, so it is not done again.
   */
  private ObjectNode anew(String complaint) throws IOException {
    synchronized (this) {
      commands.close();
      if (!closed) {
        commands = VirshShell.start(uri);
      }
    }
    return refusal(complaint);
  }

  private static ObjectNode refusal(String said) {
    ObjectNode refused = JSON.createObjectNode();
    refused.putObject("error").put("class", "GenericError").put("desc", "libvirt: " + said);
    return refused;
  }

  private void listen() {
    try {
      while (!closed) {
        tellEvents();
        // Libvirt is started anew, as with every upgrade of it; its guests are not.
        LockSupport.parkNanos(AGAIN.toNanos());
        synchronized (this) {
          events.close();
          if (!closed) {
            events = events(domain, uri);
          }
        }
      }
    } catch (IOException e) {
      close();
    }
  }

  private void tellEvents() throws IOException {
    VirshShell from;
    synchronized (this) {
      from = events;
    }
    Optional<String> line = from.next();
    while (line.isPresent()) {
      Matcher event = EVENT.matcher(line.get());
      if (event.matches()) {
        ObjectNode told = JSON.createObjectNode().put("event", event.group(1));
        if (event.group(2).startsWith("{")) {
          told.set("data", JSON.readTree(event.group(2)));
        }
        tell(told.toString());
      }
      line = from.next();
    }
  }

  private synchronized void tell(String line) throws IOException {
    if (client.isPresent()) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(line + "\r\n");
      while (bytes.hasRemaining()) {
        client.get().write(bytes);
      }
    }
  }

  /** Libvirt's own connection outlives the guest. */
  private void watch() {
    ProcessFiles qemu = new ProcessFiles(pid);
    while (!closed && qemu.isAlive()) {
      LockSupport.parkNanos(LOOK.toNanos());
    }
    close();
  }

  @Override
  public void close() {
    closed = true;
    try {
      server.close();
      synchronized (this) {
        commands.close();
        events.close();
        if (client.isPresent()) {
          client.get().close();
        }
      }
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      // It goes with the process.
    }
  }
}
