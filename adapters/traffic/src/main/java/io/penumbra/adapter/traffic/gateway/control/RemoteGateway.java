package io.penumbra.adapter.traffic.gateway.control;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.traffic.gateway.Comparison;
import io.penumbra.adapter.traffic.gateway.Cut;
import io.penumbra.adapter.traffic.gateway.GatewayControl;
import io.penumbra.adapter.traffic.gateway.GatewayMetrics;
import io.penumbra.adapter.traffic.gateway.Hold;
import io.penumbra.adapter.traffic.gateway.Listening;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import jdk.net.ExtendedSocketOptions;

/**
 * A gateway in another process, whose host may vanish without a word: every answer is waited for as
 * long as it may take, and a little longer. When it can't be reached, methods throw {@link
 * UncheckedIOException}, and the next call connects again. Cuts and acks spare one that has left an
 * order unanswered for a while, for the guest's epochs wait for them.
 */
public final class RemoteGateway implements GatewayControl, AutoCloseable {

  /**
   * How long it is waited for.
   *
   * @param slack for the way there and back, and for whoever uses the line before
   * @param replay what a takeover may take: a log that is full, told request by request
   * @param spared for how long no cut waits for one that has left an order unanswered
   */
  record Limits(Duration slack, Duration replay, Duration spared) {
    static final Limits USUAL =
        new Limits(Duration.ofSeconds(5), Duration.ofMinutes(5), Duration.ofSeconds(10));
  }

  private final SocketAddress at;
  private final Optional<String> token;
  private final Limits limits;

  /** Held by whoever asks. */
  private final ReentrantLock asking = new ReentrantLock();

  private Optional<Line> line = Optional.empty();

  /** Closed by whoever gives up on an answer, while another thread waits for it. */
  private volatile Optional<SocketChannel> channel = Optional.empty();

  /** When it last left an order unanswered. */
  private volatile OptionalLong mute = OptionalLong.empty();

  /** Speaks to the gateway whose control is at an address; connects when it is first asked. */
  public RemoteGateway(SocketAddress at, Optional<String> token) {
    this(at, token, Limits.USUAL);
  }

  RemoteGateway(SocketAddress at, Optional<String> token, Limits limits) {
    this.at = at;
    this.token = token;
    this.limits = limits;
  }

  @Override
  public Hold beginCut(Duration wait) {
    return soon(Order.of(Order.What.BEGIN_CUT).waiting(wait.toMillis()), wait, Lines::hold);
  }

  @Override
  public Cut cut(long epoch) {
    return soon(Order.of(Order.What.CUT).at(epoch), Duration.ZERO, Lines::cut);
  }

  @Override
  public void cancelCut() {
    soon(Order.of(Order.What.CANCEL_CUT), Duration.ZERO, node -> node);
  }

  @Override
  public int acked(long epoch) {
    return soon(
        Order.of(Order.What.ACKED).at(epoch), Duration.ZERO, node -> node.path("released").asInt());
  }

  @Override
  public TakeoverOutcome takeOver(InetSocketAddress backend, long epoch) {
    return ask(
        Order.of(Order.What.TAKE_OVER).to(Lines.address(backend)).at(epoch),
        limits.replay(),
        Lines::takeover);
  }

  @Override
  public TakeoverOutcome takeOver(InetSocketAddress backend, long epoch, long term) {
    return ask(
        Order.of(Order.What.TAKE_OVER).to(Lines.address(backend)).at(epoch).under(term),
        limits.replay(),
        Lines::takeover);
  }

  @Override
  public TakeoverOutcome redirect(InetSocketAddress backend) {
    return ask(
        Order.of(Order.What.REDIRECT).to(Lines.address(backend)), Duration.ZERO, Lines::takeover);
  }

  @Override
  public void unprotect(String why) {
    ask(Order.of(Order.What.UNPROTECT).because(why), Duration.ZERO, node -> node);
  }

  @Override
  public Listening listen(Duration wait) {
    return ask(Order.of(Order.What.LISTEN).waiting(wait.toMillis()), wait, Lines::listening);
  }

  @Override
  public Comparison compare(InetSocketAddress copy, Duration patience) {
    return ask(
        Order.of(Order.What.COMPARE).to(Lines.address(copy)).waiting(patience.toMillis()),
        Comparison.within(patience).plus(patience),
        Lines::comparison);
  }

  @Override
  public GatewayMetrics metrics() {
    return ask(Order.of(Order.What.METRICS), Duration.ZERO, Lines::metrics);
  }

  /** An order for which a guest's epochs wait. */
  private <T> T soon(Order order, Duration takes, Understanding<T> understanding) {
    OptionalLong silent = mute;
    if (silent.isPresent() && System.nanoTime() - silent.getAsLong() < limits.spared().toNanos()) {
      throw away("left alone, for it has left an order unanswered", new EOFException());
    }
    return ask(order, takes, understanding);
  }

  private <T> T ask(Order order, Duration takes, Understanding<T> understanding) {
    Duration most = takes.plus(limits.slack());
    takeTurn(most);
    try (Patience patience = new Patience(most)) {
      try {
        if (line.filter(open -> open.channel.isOpen()).isEmpty()) {
          line = Optional.of(connect(patience));
        }
        T answer = understanding.of(line.get().ask(order));
        mute = OptionalLong.empty();
        return answer;
      } catch (IOException e) {
        drop();
        throw away(
            patience.ranOut() ? "no answer within " + most : String.valueOf(e.getMessage()), e);
      }
    } finally {
      asking.unlock();
    }
  }

  /** Whoever asks before may wait longer than the next can. */
  private void takeTurn(Duration most) {
    try {
      if (!asking.tryLock(most.toNanos(), TimeUnit.NANOSECONDS)) {
        // Whoever comes next need not find that out anew.
        mute = OptionalLong.of(System.nanoTime());
        throw away("busy with another order for " + most, new EOFException());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw away("interrupted", new InterruptedIOException());
    }
  }

  private UncheckedIOException away(String why, IOException cause) {
    return new UncheckedIOException("the gateway at " + at + ": " + why, cause);
  }

  private Line connect(Patience patience) throws IOException {
    SocketChannel opened =
        at instanceof UnixDomainSocketAddress
            ? SocketChannel.open(StandardProtocolFamily.UNIX)
            : SocketChannel.open();
    // Known before it is connected: that may take long, too.
    channel = Optional.of(opened);
    if (patience.ranOut()) {
      throw new IOException("time was up before it was called"); // and nobody would hang up
    }
    opened.connect(at);
    if (!(at instanceof UnixDomainSocketAddress)) {
      noticeLoss(opened);
    }
    Line made = new Line(opened);
    if (token.isPresent()) {
      made.ask(Order.of(Order.What.HELLO).with(token.get()));
    }
    return made;
  }

  /** A replay may take minutes, but a host that is gone is missed within seconds. */
  private static void noticeLoss(SocketChannel opened) throws IOException {
    opened.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    opened.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 5);
    opened.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 2);
    opened.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
  }

  private void drop() {
    try {
      close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  /** Also ends what another thread is asking. */
  @Override
  public void close() throws IOException {
    Optional<SocketChannel> open = channel;
    if (open.isPresent()) {
      open.get().close();
    }
  }

  /** Hangs up when an answer has not come in time. */
  private final class Patience implements AutoCloseable {

    private final Thread timer;
    private boolean over;
    private boolean ranOut;

    Patience(Duration most) {
      timer =
          Thread.ofVirtual()
              .name("patience with the gateway at " + at)
              .start(() -> {
                try {
                  Thread.sleep(most);
                  hangUp();
                } catch (InterruptedException e) {
                  // The answer has come.
                }
              });
    }

    private synchronized void hangUp() {
      if (!over) {
        ranOut = true;
        mute = OptionalLong.of(System.nanoTime());
        drop();
      }
    }

    synchronized boolean ranOut() {
      return ranOut;
    }

    @Override
    public synchronized void close() {
      over = true;
      timer.interrupt();
    }
  }

  /** Makes sense of an answer. */
  private interface Understanding<T> {
    T of(JsonNode answer) throws IOException;
  }

  /** One connection. */
  private static final class Line {

    private final SocketChannel channel;
    private final InputStream in;
    private final OutputStream out;

    Line(SocketChannel channel) {
      this.channel = channel;
      this.in = new BufferedInputStream(Channels.newInputStream(channel));
      this.out = Channels.newOutputStream(channel);
    }

    JsonNode ask(Order order) throws IOException {
      Lines.write(out, Lines.order(order));
      return Lines.answer(
          Lines.read(in).orElseThrow(() -> new EOFException("it closed the connection")));
    }
  }
}
