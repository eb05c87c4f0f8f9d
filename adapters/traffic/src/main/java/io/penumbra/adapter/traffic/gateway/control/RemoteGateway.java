package io.penumbra.adapter.traffic.gateway.control;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.traffic.gateway.Cut;
import io.penumbra.adapter.traffic.gateway.GatewayControl;
import io.penumbra.adapter.traffic.gateway.GatewayMetrics;
import io.penumbra.adapter.traffic.gateway.Hold;
import io.penumbra.adapter.traffic.gateway.TakeoverOutcome;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;

/**
 * A gateway in another process. When it can't be reached, methods throw {@link
 * UncheckedIOException}, and the next call connects again.
 */
public final class RemoteGateway implements GatewayControl, AutoCloseable {

  private final SocketAddress at;
  private final Optional<String> token;
  private Optional<Line> line = Optional.empty();

  /** Speaks to the gateway whose control is at an address; connects when it is first asked. */
  public RemoteGateway(SocketAddress at, Optional<String> token) {
    this.at = at;
    this.token = token;
  }

  @Override
  public Hold beginCut(Duration wait) {
    return ask(Order.of(Order.What.BEGIN_CUT).waiting(wait.toMillis()), Lines::hold);
  }

  @Override
  public Cut cut(long epoch) {
    return ask(Order.of(Order.What.CUT).at(epoch), Lines::cut);
  }

  @Override
  public void cancelCut() {
    ask(Order.of(Order.What.CANCEL_CUT), node -> node);
  }

  @Override
  public int acked(long epoch) {
    return ask(Order.of(Order.What.ACKED).at(epoch), node -> node.path("released").asInt());
  }

  @Override
  public TakeoverOutcome takeOver(InetSocketAddress backend, long epoch) {
    return ask(
        Order.of(Order.What.TAKE_OVER).to(Lines.address(backend)).at(epoch), Lines::takeover);
  }

  @Override
  public TakeoverOutcome redirect(InetSocketAddress backend) {
    return ask(Order.of(Order.What.REDIRECT).to(Lines.address(backend)), Lines::takeover);
  }

  @Override
  public void unprotect(String why) {
    ask(Order.of(Order.What.UNPROTECT).because(why), node -> node);
  }

  @Override
  public GatewayMetrics metrics() {
    return ask(Order.of(Order.What.METRICS), Lines::metrics);
  }

  private synchronized <T> T ask(Order order, Understanding<T> understanding) {
    try {
      if (line.isEmpty()) {
        line = Optional.of(connect());
      }
      return understanding.of(line.get().ask(order));
    } catch (IOException e) {
      drop();
      throw new UncheckedIOException("the gateway at " + at + ": " + e.getMessage(), e);
    }
  }

  private Line connect() throws IOException {
    Line made = new Line(SocketChannel.open(at));
    if (token.isPresent()) {
      made.ask(Order.of(Order.What.HELLO).with(token.get()));
    }
    return made;
  }

  private void drop() {
    try {
      close();
    } catch (IOException e) {
      line = Optional.empty();
    }
  }

  @Override
  public synchronized void close() throws IOException {
    Optional<Line> old = line;
    line = Optional.empty();
    if (old.isPresent()) {
      old.get().channel.close();
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
