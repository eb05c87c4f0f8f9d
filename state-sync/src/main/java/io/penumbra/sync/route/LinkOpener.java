package io.penumbra.sync.route;

import io.penumbra.sync.path.link.MessageHandler;
import io.penumbra.sync.path.link.MultiPathLink;
import java.io.IOException;

/** Opens the link that {@code paths:NAME} stands for. */
@FunctionalInterface
public interface LinkOpener {

  /** Opens it; what comes over it goes to the handler. */
  MultiPathLink open(MessageHandler handler) throws IOException;
}
