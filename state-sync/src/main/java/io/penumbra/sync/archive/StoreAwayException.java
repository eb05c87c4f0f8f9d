package io.penumbra.sync.archive;

import java.io.IOException;

/**
 * The store doesn't answer now; what it has may be whole. Ask again, and settle for nothing less.
 */
public final class StoreAwayException extends IOException {

  private static final long serialVersionUID = 1;

  StoreAwayException(String reason) {
    super(reason);
  }
}
