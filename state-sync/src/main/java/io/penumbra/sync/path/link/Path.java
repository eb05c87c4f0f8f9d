package io.penumbra.sync.path.link;

import java.io.IOException;

/** One way to the other host: the port behind which TCP stands, or a fault in a test. */
@FunctionalInterface
public interface Path {

  /** Connects; waits for it as long as it takes this path to give up. */
  Connection connect() throws IOException;
}
