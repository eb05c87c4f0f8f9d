package io.penumbra.app.sync;

import io.penumbra.app.progress.Progress;
import io.penumbra.sync.engine.SenderListener;
import io.penumbra.sync.engine.SyncSender;
import io.penumbra.sync.engine.WentAhead;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.scan.Cut;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Tells a person how sending gets on: a bar for a whole transfer, then a line for each epoch. */
final class SendReport implements SenderListener, AutoCloseable {

  private static final long FIRST_COMPLAINT_MILLIS = 3_000;
  private static final int COMPLAINTS_MAX = 16;

  private final String to;
  private final StateLayout layout;
  private final PrintWriter out;
  private final PrintWriter err;
  private final Progress.Shown shown;
  private final CopyReadiness readiness;
  private final Set<String> complaints = new HashSet<>();
  private final Thread patience = new Thread(this::complainIfSilent, "patience");
  private Optional<Progress> bar = Optional.empty();
  private Optional<SyncSender> sender = Optional.empty();
  private WentAhead ahead = new WentAhead(false, 0, 0, 0, 0);
  private long epochsLeft = Long.MAX_VALUE;
  private volatile boolean touched;

  SendReport(
      String to,
      StateLayout layout,
      CopyReadiness readiness,
      PrintWriter out,
      PrintWriter err,
      Progress.Shown shown) {
    this.to = to;
    this.layout = layout;
    this.out = out;
    this.err = err;
    this.shown = shown;
    this.readiness = readiness;
    patience.setDaemon(true);
    patience.start();
  }

  void stopAfter(long epochs, SyncSender stopped) {
    epochsLeft = epochs;
    sender = Optional.of(stopped);
  }

  private void complainIfSilent() {
    try {
      Thread.sleep(FIRST_COMPLAINT_MILLIS);
      if (!touched) {
        complain("no answer from %s yet; is 'penumbra sync receive' running there?".formatted(to));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void complain(String what) {
    err.println("penumbra: " + what);
    err.flush();
  }

  @Override
  public void inTouch(long epoch) {
    touched = true;
    readiness.watch().inTouch(epoch);
    out.printf(
        Locale.ROOT,
        "%s, %s, to %s; the copy there: %s%n",
        layout.regions().getFirst().id(),
        Amounts.bytes(layout.bytes()),
        to,
        epoch == 0 ? "none yet, or part of the first" : "epoch " + epoch);
    out.flush();
  }

  @Override
  public void outOfTouch() {
    readiness.watch().outOfTouch();
    complain("no answer from %s any more; trying again".formatted(to));
  }

  @Override
  public void cutTaken(long epoch, boolean whole, Cut cut) {
    closeBar();
    if (whole) {
      bar = Optional.of(shown.begin("Epoch " + epoch, "MiB", megabytes(layout.pages())));
    }
  }

  @Override
  public void wentAhead(long epoch, WentAhead went) {
    ahead = went;
  }

  @Override
  public void progress(long pagesSeen, long pagesAll, long bytes) {
    readiness.watch().progress(pagesSeen, pagesAll, bytes);
    bar.ifPresent(shownBar -> shownBar.at(megabytes(pagesSeen)));
  }

  private static long megabytes(long pages) {
    return (pages * PageSize.BYTES) >> 20;
  }

  @Override
  public void acked(long epoch, Cut cut, Duration sinceCut, long bytes) {
    closeBar();
    readiness.watch().acked(epoch, cut, sinceCut, bytes);
    out.printf(
        Locale.ROOT,
        "epoch %d: %,d pages changed, %s sent, acked %s after the cut (held %s, %s)%s%s%n",
        epoch,
        cut.pages().length,
        Amounts.bytes(bytes),
        Amounts.time(sinceCut),
        Amounts.time(cut.held()),
        cut.consistency().name().toLowerCase(Locale.ROOT),
        ahead.pages() == 0
            ? ""
            : String.format(
                Locale.ROOT,
                "; %,d pages went ahead of it, %s, %,d held",
                ahead.pages(),
                Amounts.bytes(ahead.bytes()),
                ahead.held()),
        readiness.told());
    out.flush();
    if (--epochsLeft <= 0) {
      sender.ifPresent(SyncSender::stop);
    }
  }

  @Override
  public void doubted(int pages) {
    readiness.watch().doubted(pages);
  }

  @Override
  public void rejected(String why) {
    if (complaints.size() < COMPLAINTS_MAX && complaints.add(why)) {
      complain("something from %s was not understood: %s".formatted(to, why));
    }
  }

  private void closeBar() {
    bar.ifPresent(Progress::close);
    bar = Optional.empty();
  }

  @Override
  public void close() {
    closeBar();
    patience.interrupt();
  }
}
