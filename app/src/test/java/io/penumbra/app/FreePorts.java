package io.penumbra.app;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicLong;

/** Ports for processes that a test starts. */
public final class FreePorts {

  /** Below those that the system gives to whoever calls somebody. */
  private static final int FIRST = 20_000;

  private static final int COUNT = 10_000;
  private static final AtomicLong NEXT = new AtomicLong(97 * ProcessHandle.current().pid());

  private FreePorts() {}

  /** One that nobody uses, and that nobody gets by chance before it is used. */
  public static int next() throws IOException {
    for (int tried = 0; tried < COUNT; tried++) {
      int port = FIRST + (int) (NEXT.getAndIncrement() % COUNT);
      try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return probe.getLocalPort();
      } catch (BindException taken) {
        // The next one may be free.
      }
    }
    throw new IOException("none of %d ports from %d on is free".formatted(COUNT, FIRST));
  }
}
