package io.penumbra.sync.path.link;

import io.penumbra.sync.path.tcp.TcpListener;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A receiver in a process of its own: takes so many messages, then says what it has got. */
final class FarEnd implements MessageHandler {

  static final int PORT = 7411;

  private final MessageDigest digest;
  private final CountDownLatch left;
  private final int messages;
  private long last;
  private long pauseInFirstHalf;
  private long pauseInSecondHalf;

  private FarEnd(MessageDigest digest, int messages) {
    this.digest = digest;
    this.messages = messages;
    left = new CountDownLatch(messages);
  }

  /** Arguments: how many messages, then the addresses to listen at. */
  public static void main(String[] args) throws Exception {
    FarEnd end = new FarEnd(MessageDigest.getInstance("SHA-256"), Integer.parseInt(args[0]));
    List<TcpListener> listeners = new ArrayList<>();
    for (int i = 1; i < args.length; i++) {
      listeners.add(TcpListener.at(new InetSocketAddress(args[i], PORT)));
    }
    LinkSettings settings = LinkSettings.standard(42, 1);
    try (MultiPathLink link =
        MultiPathLink.listen(settings, listeners.size(), listeners, end, System::nanoTime)) {
      System.out.println("ready");
      end.left.await();
      // The last status has to get out: whoever sent says when it has come.
      while (System.in.read() >= 0) {
        // It says nothing else.
      }
      System.out.println(HexFormat.of().formatHex(end.digest.digest()));
      System.out.println(end.pauseInFirstHalf / 1_000_000);
      System.out.println(end.pauseInSecondHalf / 1_000_000);
      System.out.println(link.state().receiving().rebuilt());
    }
  }

  @Override
  public void message(ByteBuffer message) {
    long now = System.nanoTime();
    if (last != 0) {
      if (left.getCount() > messages / 2) {
        pauseInFirstHalf = Math.max(pauseInFirstHalf, now - last);
      } else {
        pauseInSecondHalf = Math.max(pauseInSecondHalf, now - last);
      }
    }
    last = now;
    digest.update(message.duplicate());
    left.countDown();
  }
}
