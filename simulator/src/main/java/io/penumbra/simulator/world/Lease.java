package io.penumbra.simulator.world;

import org.jspecify.annotations.Nullable;

/** What the agent beside a primary knows of its right to serve, and who renews it. */
final class Lease {

  /** The shadow whose acks renew; nothing is leased without one, for nothing could be promoted. */
  @Nullable Instance keeper;

  /** The controller was told to stop renewing; it remembers across a crash, for it is journaled. */
  boolean controllerStopped;

  /** Whether somebody renews at this moment. */
  boolean renewed = true;

  long lastRenewal;
  int watch;
}
