package io.penumbra.sync.engine;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.PageView;

/** Is told how the receiver gets on. Calls come from the receiver's thread. */
public interface ReceiverListener {

  /** A sender is there; {@code epoch} is what is here. */
  default void opened(long epoch) {}

  /** An epoch is durable, verified and acked. */
  default void committed(EpochManifest manifest, int pages) {}

  /** The epoch can be seen in the view: from now until the next one is applied. */
  default void applied(EpochManifest manifest, int[] pages, PageView view) {}

  /** Pages did not have the hash that they should; they were asked for again. */
  default void wrongPages(int count) {}

  /** So many pages of the copy have changed by themselves; they will be asked for. */
  default void rotten(int count) {}

  /** Something came that is no frame for us. */
  default void rejected(String why) {}
}
