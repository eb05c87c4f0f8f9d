package io.penumbra.tiers.twin;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A TCP relay to a server on this machine that cuts, slows, breaks off, or answers for it. */
public final class FaultyWire implements AutoCloseable {

  private static final byte[] BUSY =
      "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".getBytes(US_ASCII);

  private final ServerSocket listening;
  private final int target;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final AtomicInteger busyAnswers = new AtomicInteger();
  private volatile boolean cut;
  private volatile long answerBytesMax = Long.MAX_VALUE;
  private volatile long bytesPerSecond = Long.MAX_VALUE;

  /** A wire to this port. */
  public FaultyWire(int target) throws IOException {
    this.target = target;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** The port on this side. */
  public int port() {
    return listening.getLocalPort();
  }

  /** Cuts every connection and lets none through, or mends the wire. */
  public void cut(boolean severed) {
    cut = severed;
    dropAll();
  }

  /** Answers end after so many bytes of a connection. */
  public void breakAnswersAfter(long bytes) {
    answerBytesMax = bytes;
    dropAll();
  }

  /** Answers come no faster. */
  public void bytesPerSecond(long rate) {
    bytesPerSecond = rate;
    dropAll();
  }

  /** The next connections are answered with 503. */
  public void answers503(int times) {
    busyAnswers.set(times);
    dropAll();
  }

  private void dropAll() {
    sockets.forEach(FaultyWire::drop);
    sockets.clear();
  }

  private static void drop(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket near = listening.accept();
        Thread.ofVirtual().start(() -> serve(near));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket near) {
    sockets.add(near);
    try {
      if (cut) {
        drop(near);
      } else if (busyAnswers.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        near.getInputStream().read(new byte[8192]);
        near.getOutputStream().write(BUSY);
        near.shutdownOutput();
        // Who still speaks would be reset, and might never read the answer.
        near.getInputStream().transferTo(OutputStream.nullOutputStream());
        drop(near);
      } else {
        Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
        sockets.add(far);
        Thread.ofVirtual().start(() -> pump(near, far, Long.MAX_VALUE, Long.MAX_VALUE));
        pump(far, near, answerBytesMax, bytesPerSecond);
      }
    } catch (IOException e) {
      drop(near);
    }
  }

  private static void pump(Socket from, Socket to, long bytesMax, long rate) {
    byte[] buffer = new byte[rate < Long.MAX_VALUE ? 1024 : 16 << 10];
    long left = bytesMax;
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      int read = in.read(buffer);
      while (read >= 0 && left > 0) {
        out.write(buffer, 0, (int) Math.min(read, left));
        out.flush();
        left -= read;
        if (rate < Long.MAX_VALUE) {
          Thread.sleep(Math.max(1, read * 1000L / rate));
        }
        // What breaks off does so at once: there may be nothing more to wait for.
        read = left > 0 ? in.read(buffer) : -1;
      }
    } catch (IOException e) {
      // The other side went.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    drop(from);
    drop(to);
  }

  @Override
  public void close() throws IOException {
    listening.close();
    dropAll();
  }
}
