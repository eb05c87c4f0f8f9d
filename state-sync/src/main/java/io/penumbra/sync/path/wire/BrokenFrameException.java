package io.penumbra.sync.path.wire;

import java.io.IOException;

/** What came over a connection is no frame; the connection is of no more use. */
public final class BrokenFrameException extends IOException {

  private static final long serialVersionUID = 1;

  public BrokenFrameException(String message) {
    super(message);
  }
}
