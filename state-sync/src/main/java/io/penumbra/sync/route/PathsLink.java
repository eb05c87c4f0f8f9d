package io.penumbra.sync.route;

import io.penumbra.sync.path.link.LinkSettings;
import io.penumbra.sync.path.link.MultiPathLink;
import io.penumbra.sync.path.link.Path;
import io.penumbra.sync.path.link.PathListener;
import java.util.List;
import java.util.function.LongSupplier;

/** The links that frames travel over by default: windows and limits that suit frames. */
public final class PathsLink {

  /** The endpoint that stands for the link, at either end. */
  public static final String ENDPOINT = PathsComponent.SCHEME + ":" + PathsLink.NAME;

  static final String NAME = "link";

  /** What a frame can be at most, header included. */
  private static final int FRAME_BYTES_MAX = 2 << 20;

  private static final int WINDOW_BYTES = 16 << 20;

  private PathsLink() {}

  /**
   * The sender's end.
   *
   * @param number both ends are told the same; another one is turned away
   * @param incarnation higher at every start, for example the wall clock's milliseconds
   * @param clock nanoseconds that only go forward
   */
  public static LinkOpener dial(
      long number, long incarnation, List<? extends Path> paths, LongSupplier clock) {
    return handler -> MultiPathLink.dial(settings(number, incarnation), paths, handler, clock);
  }

  /** The receiver's end, see {@link #dial}. */
  public static LinkOpener listen(
      long number,
      long incarnation,
      int pathsMax,
      List<? extends PathListener> listeners,
      LongSupplier clock) {
    return handler ->
        MultiPathLink.listen(settings(number, incarnation), pathsMax, listeners, handler, clock);
  }

  private static LinkSettings settings(long number, long incarnation) {
    return LinkSettings.standard(number, incarnation).withWindow(FRAME_BYTES_MAX, WINDOW_BYTES);
  }
}
