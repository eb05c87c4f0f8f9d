package io.penumbra.sync.meter;

import io.penumbra.sync.engine.SenderListener;
import io.penumbra.sync.engine.WentAhead;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.scan.Cut;
import java.time.Duration;

/** Times cuts and acks. */
record MeteredListener(SenderListener listener, StageMeters meters) implements SenderListener {

  @Override
  public void inTouch(long epoch) {
    listener.inTouch(epoch);
  }

  @Override
  public void outOfTouch() {
    listener.outOfTouch();
  }

  @Override
  public void cutTaken(long epoch, boolean whole, Cut cut) {
    int pages = cut.pages().length;
    meters.done(Stage.SOURCE, cut.held(), pages, (long) pages * PageSize.BYTES);
    listener.cutTaken(epoch, whole, cut);
  }

  @Override
  public void wentAhead(long epoch, WentAhead ahead) {
    meters.wentAhead(ahead);
    listener.wentAhead(epoch, ahead);
  }

  @Override
  public void progress(long pagesSeen, long pagesAll, long bytes) {
    listener.progress(pagesSeen, pagesAll, bytes);
  }

  @Override
  public void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
    meters.done(Stage.ACK, sinceCut, cut.pages().length, bytes);
    listener.acked(epoch, cut, sinceCut, bytes);
  }

  @Override
  public void doubted(int pages) {
    listener.doubted(pages);
  }

  @Override
  public void rejected(String why) {
    listener.rejected(why);
  }
}
