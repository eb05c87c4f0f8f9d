package io.penumbra.scheduler.lifecycle;

import static io.penumbra.scheduler.lifecycle.ShadowSignal.CHANGE_MODE;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.CHOSEN;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.COMPLETED;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.DELETE;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.DELETED;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.FOUND;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.LATE;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.LOST;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.ORDER;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.PROMOTE;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.RELEASED;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.RESIZE;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.RETRY;
import static io.penumbra.scheduler.lifecycle.ShadowSignal.SETTLED;
import static io.penumbra.scheduler.lifecycle.ShadowState.CHANGING;
import static io.penumbra.scheduler.lifecycle.ShadowState.CREATING;
import static io.penumbra.scheduler.lifecycle.ShadowState.DELETING;
import static io.penumbra.scheduler.lifecycle.ShadowState.GONE;
import static io.penumbra.scheduler.lifecycle.ShadowState.PROMISED;
import static io.penumbra.scheduler.lifecycle.ShadowState.PROMOTED;
import static io.penumbra.scheduler.lifecycle.ShadowState.READY;
import static io.penumbra.scheduler.lifecycle.ShadowState.RESIZING;
import static io.penumbra.scheduler.lifecycle.ShadowState.TAKING_OVER;

/** The life of a shadow. */
public final class ShadowTable {

  public static final TransitionTable<ShadowState, ShadowSignal> TABLE =
      TransitionTable.of("shadow", ShadowState.class, ShadowSignal.class)
          .on(PROMISED, ORDER, CREATING)
          .on(READY, ORDER, CREATING)
          .on(CREATING, COMPLETED, READY)
          .on(PROMISED, COMPLETED, READY)
          .on(READY, RESIZE, RESIZING)
          .on(READY, CHANGE_MODE, CHANGING)
          .all(SETTLED, READY, RESIZING, CHANGING)
          .all(CHOSEN, TAKING_OVER, READY, RESIZING, CHANGING)
          .on(TAKING_OVER, RELEASED, READY)
          .on(TAKING_OVER, PROMOTE, PROMOTED)
          .on(PROMISED, DELETE, GONE)
          .all(DELETE, DELETING, CREATING, READY, RESIZING, CHANGING)
          .on(DELETING, DELETED, GONE)
          .on(PROMISED, LOST, GONE)
          .all(LOST, DELETING, CREATING, READY, RESIZING, CHANGING, TAKING_OVER)
          .ignore(LOST, DELETING)
          .on(PROMISED, FOUND, DELETING)
          .ignore(RETRY, CREATING, DELETING)
          .ignore(LATE, CREATING, READY, RESIZING, CHANGING, TAKING_OVER, DELETING)
          .build();

  private ShadowTable() {}
}
