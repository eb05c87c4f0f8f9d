package io.penumbra.sync.path.link;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.path.relay.FaultRelay;
import io.penumbra.sync.path.seal.PathKey;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import io.penumbra.sync.path.wire.FrameCodec;
import io.penumbra.sync.path.wire.PathFrame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** With a key, nobody without it gets a word in. */
@Timeout(240)
class StrangersTest {

  private static final long LINK = 42;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long OURS = 1_000;

  private final List<AutoCloseable> opened = new ArrayList<>();
  private Inbox received = new Inbox();
  private InetSocketAddress listening = new InetSocketAddress(0);

  @BeforeEach
  void listen() throws IOException {
    TcpListener listener =
        TcpListener.at(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), key(1));
    listening = listener.address();
    open(
        MultiPathLink.listen(
            LinkSettings.standard(LINK, OURS), 2, List.of(listener), received, System::nanoTime));
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }

  @Test
  void endsWithTheSameKeyUnderstandEachOther() throws Exception {
    MultiPathLink sender = dial(listening, OURS, key(1));
    List<ByteBuffer> sent = new ArrayList<>();
    Random random = new Random(1);
    for (int i = 0; i < 50; i++) {
      sent.add(message(random, 200_000));
      sender.send(sent.getLast());
    }

    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.messages()).isEqualTo(sent);
  }

  @Test
  void aStrangerCanNotThrowOutWhoIsThere() throws Exception {
    Undisturbed.tried(this::amongStrangers);
  }

  private Optional<AssertionError> amongStrangers() throws Exception {
    close();
    opened.clear();
    received = new Inbox();
    listen();
    MultiPathLink sender = dial(listening, OURS, key(1));
    await(() -> usable(sender));

    MultiPathLink without = dial(listening, OURS + 7, Optional.empty());
    MultiPathLink other = dial(listening, OURS + 8, key(2));
    await(() -> !story(without).startsWith("not connected yet"));
    await(() -> story(other).contains("given different keys"));
    // What an end without a key would take for a newer start of ours.
    shout(hello(OURS + 9));

    assertThat(usable(without) || usable(other)).isFalse();
    sender.send(message(new Random(2), 1_000));
    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.peers()).containsExactly(OURS);
    return Undisturbed.late(() -> assertThat(sender.state().sending().shardsResent()).isZero());
  }

  @Test
  void whatWasRecordedIsWorthNothingOnAnotherConnection() throws Exception {
    ByteArrayOutputStream recorded = new ByteArrayOutputStream();
    try (Recorder recorder = new Recorder(listening, recorded)) {
      MultiPathLink sender = dial(recorder.address(), OURS, key(1));
      sender.send(message(new Random(3), 10_000));
      assertThat(sender.flush(PATIENCE)).isTrue();
      sender.close();
    }
    MultiPathLink sender = dial(listening, OURS + 1, key(1));
    await(() -> usable(sender));
    for (int i = 0; i < 3; i++) {
      shout(recorded.toByteArray());
    }

    sender.send(message(new Random(4), 1_000));
    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.messages()).hasSize(2);
    assertThat(received.peers()).containsExactly(OURS, OURS + 1);
  }

  @Test
  void bytesThatAreSpoiltOnTheWayAreNoticedAndMadeGood() throws Exception {
    FaultRelay relay = open(FaultRelay.to(listening));
    MultiPathLink sender = dial(relay.address(), OURS, key(1));
    await(() -> usable(sender));
    relay.spoil(3);
    Random random = new Random(5);
    List<ByteBuffer> sent = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sent.add(message(random, 300_000));
      sender.send(sent.getLast());
    }

    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.messages()).isEqualTo(sent);
  }

  private MultiPathLink dial(InetSocketAddress to, long incarnation, Optional<PathKey> key) {
    return open(
        MultiPathLink.dial(
            LinkSettings.standard(LINK, incarnation),
            List.of(TcpPath.to(to).with(key)),
            new Inbox(),
            System::nanoTime));
  }

  private static Optional<PathKey> key(int which) {
    byte[] secret = new byte[32];
    secret[0] = (byte) which;
    return Optional.of(PathKey.of(secret, new SecureRandom()));
  }

  private static byte[] hello(long incarnation) {
    ByteBuffer header = ByteBuffer.allocate(FrameCodec.HEADER_BYTES);
    FrameCodec.writeHeader(new PathFrame.Hello(LINK, incarnation, 0, 1 << 20, 1 << 20), header);
    return header.array();
  }

  /** Says it to the listener, and waits until that hangs up. */
  private void shout(byte[] bytes) throws IOException {
    try (Socket socket = new Socket(listening.getAddress(), listening.getPort())) {
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
      while (socket.getInputStream().read() >= 0) {
        // What it says is of no interest.
      }
    } catch (SocketException reset) {
      assertThat(reset).hasMessageMatching(".*(reset|Broken pipe).*");
    }
  }

  private static boolean usable(MultiPathLink link) {
    return link.state().sending().paths().getFirst().usable();
  }

  private static String story(MultiPathLink link) {
    return link.state().paths().getFirst();
  }

  private <T extends AutoCloseable> T open(T resource) {
    opened.add(resource);
    return resource;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("a minute has passed").isLessThan(until);
      Thread.sleep(5);
    }
  }

  private static ByteBuffer message(Random random, int bytes) {
    byte[] content = new byte[bytes];
    random.nextBytes(content);
    return ByteBuffer.wrap(content);
  }

  /** Passes on one connection and keeps what its dialler said. */
  private static final class Recorder implements AutoCloseable {

    private final ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final InetSocketAddress target;
    private final ByteArrayOutputStream kept;

    Recorder(InetSocketAddress target, ByteArrayOutputStream kept) throws IOException {
      this.target = target;
      this.kept = kept;
      Thread.ofPlatform().daemon().start(this::pass);
    }

    InetSocketAddress address() {
      return (InetSocketAddress) server.getLocalSocketAddress();
    }

    private void pass() {
      try (Socket from = server.accept();
          Socket to = new Socket(target.getAddress(), target.getPort())) {
        Thread.ofPlatform().daemon().start(() -> back(to, from));
        byte[] bytes = new byte[8192];
        InputStream in = from.getInputStream();
        for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
          kept.write(bytes, 0, read);
          to.getOutputStream().write(bytes, 0, read);
        }
      } catch (IOException ended) {
        // The dialler is done.
        kept.size();
      }
    }

    private static void back(Socket from, Socket to) {
      try {
        from.getInputStream().transferTo(to.getOutputStream());
      } catch (IOException ended) {
        // So is the listener.
        from.isClosed();
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }
}
