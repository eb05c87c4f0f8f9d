package io.penumbra.sync.path.link;

import java.io.IOException;

/** The far end of paths: connections come in here. */
public interface PathListener extends AutoCloseable {

  /** Waits for the next connection; throws when it was closed meanwhile. */
  Connection accept() throws IOException;

  @Override
  void close();
}
