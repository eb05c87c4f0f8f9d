package io.penumbra.sync.path.link;

import static io.penumbra.sync.path.link.Undisturbed.late;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.sync.path.relay.FaultRelay;
import io.penumbra.sync.path.tcp.TcpListener;
import io.penumbra.sync.path.tcp.TcpPath;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two ends in one process, over real sockets, with a relay on each path. */
@Timeout(300)
class MultiPathLinkTest {

  private static final long LINK = 42;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<AutoCloseable> opened = new ArrayList<>();
  private Inbox received = new Inbox();
  private Inbox answers = new Inbox();
  private final List<FaultRelay> relays = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }

  /** Nothing of a transfer that was tried before is left. */
  private void startAnew() throws Exception {
    close();
    opened.clear();
    relays.clear();
    received = new Inbox();
    answers = new Inbox();
  }

  @Test
  void messagesArriveInOrderAndWholeBothWays() throws Exception {
    Undisturbed.tried(this::bothWays);
  }

  private Optional<AssertionError> bothWays() throws Exception {
    startAnew();
    MultiPathLink receiver = listen(LinkSettings.standard(LINK, 1), 3);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    Random random = new Random(1);
    List<ByteBuffer> sent = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      sent.add(message(i, random.nextInt(300_000), random));
      sender.send(sent.getLast());
      if (i % 10 == 0) {
        receiver.send(message(i, 1000, random));
      }
    }

    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(receiver.flush(PATIENCE)).isTrue();

    assertThat(received.messages()).isEqualTo(sent);
    assertThat(answers.messages()).hasSize(20);
    assertThat(received.peers()).containsExactly(1L);
    // A busy machine may make an ack late; what is sent again then is a shard or two.
    return late(() -> assertThat(sender.state().sending().shardsResent()).isLessThan(50));
  }

  @Test
  void withOnePathEveryByteIsSentOnceAndNoParityAtAll() throws Exception {
    Undisturbed.tried(this::onOnePath);
  }

  private Optional<AssertionError> onOnePath() throws Exception {
    startAnew();
    listen(LinkSettings.standard(LINK, 1), 1);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    Random random = new Random(2);
    long bytes = 0;
    for (int i = 0; i < 50; i++) {
      ByteBuffer message = message(i, 1 + random.nextInt(2_000_000), random);
      bytes += message.remaining();
      sender.send(message);
    }

    assertThat(sender.flush(PATIENCE)).isTrue();

    assertThat(received.messages()).hasSize(50);
    long all = bytes;
    return late(() -> assertThat(sender.state().sending().bytesSent()).isEqualTo(all));
  }

  @Test
  void aPathThatGoesSilentInMidTransferCostsNeitherAStallNorTheEpochAgain() throws Exception {
    Undisturbed.tried(this::whileOnePathGoesSilent);
  }

  private Optional<AssertionError> whileOnePathGoesSilent() throws Exception {
    startAnew();
    listen(LinkSettings.standard(LINK, 1), 3);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    for (FaultRelay relay : relays) {
      relay.bytesPerSecond(20e6);
      relay.delay(Duration.ofMillis(2));
    }
    Random random = new Random(3);
    long silentAt = 0;
    for (int i = 0; i < 60; i++) {
      if (i == 30) {
        silentAt = System.nanoTime();
        relays.get(1).swallow();
      }
      sender.send(message(i, 400_000, random));
    }

    assertThat(sender.flush(PATIENCE)).isTrue();

    assertThat(received.messages()).hasSize(60);
    LinkState state = sender.state();
    await(() -> !sender.state().sending().paths().get(1).usable());
    // On a busy machine there are pauses of its own making; those before tell how long.
    Duration before = received.longestPauseBefore(silentAt);
    Duration since = received.longestPauseSince(silentAt);
    return late(() -> {
      assertThat(since).isLessThan(PauseBound.of(Duration.ofMillis(400), before));
      assertThat(state.sending().shardsResent()).isLessThan(state.sending().shardsSent() / 20);
    });
  }

  @Test
  void aPathThatIsCutComesBackByItself() throws Exception {
    listen(LinkSettings.standard(LINK, 1), 2);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    await(() -> usable(sender) == 2);
    relays.get(0).cut();
    await(() -> usable(sender) == 1);
    sender.send(message(0, 100_000, new Random(4)));
    assertThat(sender.flush(PATIENCE)).isTrue();

    relays.get(0).heal();

    await(() -> usable(sender) == 2);
    sender.send(message(1, 100_000, new Random(5)));
    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.messages()).hasSize(2);
    assertThat(received.peers()).hasSize(1);
  }

  @Test
  void whatWasUnderWayOnTheOnlyPathArrivesWhenItIsBack() throws Exception {
    listen(LinkSettings.standard(LINK, 1), 1);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    relays.get(0).bytesPerSecond(5e6);
    Random random = new Random(6);
    List<ByteBuffer> sent = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      sent.add(message(i, 300_000, random));
      sender.send(sent.getLast());
    }
    relays.get(0).drop();

    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.messages()).isEqualTo(sent);
  }

  @Test
  void spoiltBytesAreNoticedAndMadeGood() throws Exception {
    listen(LinkSettings.standard(LINK, 1), 3);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    await(() -> usable(sender) == 3);
    relays.get(2).spoil(3);
    Random random = new Random(7);
    List<ByteBuffer> sent = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      sent.add(message(i, 500_000, random));
      sender.send(sent.getLast());
    }

    assertThat(sender.flush(PATIENCE)).isTrue();

    assertThat(received.messages()).isEqualTo(sent);
  }

  @Test
  void aReceiverThatStartsAnewIsToldApartAndServedFromTheBeginning() throws Exception {
    MultiPathLink first = listen(LinkSettings.standard(LINK, 1), 2);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    sender.send(message(0, 1000, new Random(8)));
    assertThat(sender.flush(PATIENCE)).isTrue();
    first.close();

    Inbox second = new Inbox();
    listenAt(LinkSettings.standard(LINK, 2), targets, second);
    await(() -> answers.peers().contains(2L));
    sender.send(message(1, 1000, new Random(9)));
    assertThat(sender.flush(PATIENCE)).isTrue();

    assertThat(answers.peers()).containsExactly(1L, 2L);
    assertThat(second.messages()).hasSize(1);
  }

  @Test
  void anOldIncarnationAndAStrangerAreTurnedAway() throws Exception {
    MultiPathLink receiver = listen(LinkSettings.standard(LINK, 1), 2);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 7));
    await(() -> usable(sender) == 2);

    Inbox none = new Inbox();
    open(MultiPathLink.dial(LinkSettings.standard(LINK, 6), paths(), none, System::nanoTime));
    open(MultiPathLink.dial(LinkSettings.standard(LINK + 1, 9), paths(), none, System::nanoTime));
    Thread.sleep(300);

    assertThat(receiver.state().peer()).hasValue(7);
    sender.send(message(0, 1000, new Random(10)));
    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.peers()).containsExactly(7L);
  }

  @Test
  void aReaderThatDoesNotReadHoldsTheSenderBack() throws Exception {
    listen(LinkSettings.standard(LINK, 1).withWindow(100_000, 500_000), 2);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));
    received.hold();
    Thread talkative =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 0; i < 50; i++) {
                  sender.send(message(i, 100_000, new Random(i)));
                }
              } catch (IOException | InterruptedException stopped) {
                Thread.currentThread().interrupt();
              }
            });
    await(() -> sender.state().sending().groups() > 0);
    Thread.sleep(500);
    assertThat(sender.state().sending().groups()).isBetween(1L, 5L);
    received.release();
    talkative.join();
    assertThat(sender.flush(PATIENCE)).isTrue();
    assertThat(received.messages()).hasSize(50);
  }

  @Test
  void aMessageThatTheOtherEndWouldNotTakeIsRefusedWithNumbers() throws Exception {
    listen(LinkSettings.standard(LINK, 1).withWindow(1000, 5000), 1);
    MultiPathLink sender = dial(LinkSettings.standard(LINK, 1));

    assertThatThrownBy(() -> sender.send(ByteBuffer.allocate(1001)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1001")
        .hasMessageContaining("1000");
    sender.close();
    assertThatThrownBy(() -> sender.send(ByteBuffer.allocate(1)))
        .isInstanceOf(LinkClosedException.class);
  }

  private List<InetSocketAddress> targets = List.of();

  private MultiPathLink listen(LinkSettings settings, int paths) throws IOException {
    List<InetSocketAddress> free =
        Collections.nCopies(paths, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    MultiPathLink link = listenAt(settings, free, received);
    for (InetSocketAddress target : targets) {
      relays.add(open(FaultRelay.to(target)));
    }
    return link;
  }

  private MultiPathLink listenAt(
      LinkSettings settings, List<InetSocketAddress> addresses, Inbox inbox) throws IOException {
    List<TcpListener> listeners = new ArrayList<>();
    for (InetSocketAddress address : addresses) {
      listeners.add(TcpListener.at(address));
    }
    targets = listeners.stream().map(TcpListener::address).toList();
    return open(
        MultiPathLink.listen(settings, addresses.size(), listeners, inbox, System::nanoTime));
  }

  private MultiPathLink dial(LinkSettings settings) {
    return open(MultiPathLink.dial(settings, paths(), answers, System::nanoTime));
  }

  private List<TcpPath> paths() {
    return relays.stream().map(relay -> TcpPath.to(relay.address())).toList();
  }

  private <T extends AutoCloseable> T open(T resource) {
    opened.add(resource);
    return resource;
  }

  private static long usable(MultiPathLink link) {
    return link.state().sending().paths().stream().filter(path -> path.usable()).count();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("a minute has passed").isLessThan(until);
      Thread.sleep(5);
    }
  }

  private static ByteBuffer message(int number, int bytes, Random random) {
    byte[] content = new byte[Math.max(4, bytes)];
    random.nextBytes(content);
    return ByteBuffer.wrap(content).putInt(0, number);
  }
}
