package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.EventLoop.Ready;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Stands between clients and a VM's service; driven by the agent beside the VM. */
public final class Gateway implements GatewayControl, AutoCloseable {

  private static final int BACKLOG = 1_024;

  private final EventLoop loop;
  private final Forwarding forwarding;
  private final ServerSocketChannel listener;
  private final InetSocketAddress address;
  private boolean closed;

  private Gateway(GatewaySettings settings) throws IOException {
    Tally tally = new Tally();
    this.loop = new EventLoop("penumbra-gateway", tally::defect);
    this.forwarding = new Forwarding(loop, settings, tally);
    this.listener = ServerSocketChannel.open();
    try {
      listener.bind(settings.listen(), BACKLOG);
      this.address = (InetSocketAddress) listener.getLocalAddress();
      loop.register(listener, SelectionKey.OP_ACCEPT, accepting());
    } catch (IOException e) {
      listener.close();
      throw e;
    }
  }

  /** Listens, and forwards from now on. */
  public static Gateway open(GatewaySettings settings) throws IOException {
    Gateway gateway = new Gateway(settings);
    gateway.loop.start();
    return gateway;
  }

  /** Where clients come in. */
  public InetSocketAddress address() {
    return address;
  }

  private Ready accepting() {
    return key -> {
      try {
        for (SocketChannel client = listener.accept(); client != null; client = listener.accept()) {
          forwarding.accepted(client);
        }
      } catch (IOException e) {
        forwarding.tally().complaint("can't accept a client: " + e.getMessage());
      }
    };
  }

  @Override
  public Hold beginCut(Duration wait) {
    return await(answer -> forwarding.beginCut(wait, answer));
  }

  @Override
  public Cut cut(long epoch) {
    return ask(() -> forwarding.cut(epoch));
  }

  @Override
  public void cancelCut() {
    ask(() -> {
      forwarding.cancelCut();
      return true;
    });
  }

  @Override
  public int acked(long epoch) {
    return ask(() -> forwarding.acked(epoch));
  }

  @Override
  public TakeoverOutcome takeOver(InetSocketAddress backend, long epoch) {
    return await(answer -> forwarding.takeOver(backend, epoch, answer));
  }

  @Override
  public TakeoverOutcome takeOver(InetSocketAddress backend, long epoch, long term) {
    return result(ask(() -> forwarding.takeOver(new Forwarding.Promotion(backend, epoch, term))));
  }

  @Override
  public TakeoverOutcome redirect(InetSocketAddress backend) {
    return ask(() -> forwarding.redirect(backend));
  }

  @Override
  public void unprotect(String why) {
    ask(() -> {
      forwarding.unprotect(why);
      return true;
    });
  }

  @Override
  public Listening listen(Duration wait) {
    return await(answer -> forwarding.listen(wait, answer));
  }

  /** Outside of the loop: clients are served meanwhile. */
  @Override
  public Comparison compare(InetSocketAddress copy, Duration patience) {
    return ask(forwarding::takeRecording)
        .map(heard -> Rehearing.of(heard, forwarding.settings().protocol(), copy, patience))
        .orElseGet(() -> new Comparison.Refused("nobody has listened"));
  }

  @Override
  public GatewayMetrics metrics() {
    return ask(forwarding::metrics);
  }

  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    listener.close();
    try {
      loop.stop(forwarding::close);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while closing the gateway");
    }
  }

  private <T> T ask(Supplier<T> question) {
    return await(answer -> answer.complete(question.get()));
  }

  private synchronized void post(Runnable task) {
    if (closed) {
      throw new IllegalStateException("the gateway is closed");
    }
    loop.post(task);
  }

  private <T> T await(Consumer<CompletableFuture<T>> question) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    post(() -> {
      try {
        question.accept(answer);
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
      }
    });
    return result(answer);
  }

  private static <T> T result(CompletableFuture<T> answer) {
    try {
      return answer.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new InterruptedIOException("interrupted"));
    } catch (ExecutionException e) {
      throw new IllegalStateException("the gateway failed: " + e.getCause(), e);
    }
  }
}
