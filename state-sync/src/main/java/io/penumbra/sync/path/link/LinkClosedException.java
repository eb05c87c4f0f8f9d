package io.penumbra.sync.path.link;

import java.io.IOException;

/** The link was closed at this end. */
public final class LinkClosedException extends IOException {

  private static final long serialVersionUID = 1;

  public LinkClosedException() {
    super("this end of the link is closed");
  }
}
