package io.penumbra.app.sync;

import io.penumbra.sync.engine.ReceiverListener;
import io.penumbra.sync.epoch.EpochManifest;
import java.io.PrintWriter;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Tells a person what arrives, one line for each epoch. */
final class ReceiveReport implements ReceiverListener {

  private static final int COMPLAINTS_MAX = 16;

  private final PrintWriter out;
  private final PrintWriter err;
  private final Set<String> complaints = new HashSet<>();

  ReceiveReport(PrintWriter out, PrintWriter err) {
    this.out = out;
    this.err = err;
  }

  @Override
  public void opened(long epoch) {
    out.println(
        epoch == 0
            ? "a sender is there; nothing is kept yet, or part of the first epoch"
            : "a sender is there; going on from epoch " + epoch);
    out.flush();
  }

  @Override
  public void committed(EpochManifest manifest, int pages) {
    out.printf(
        Locale.ROOT,
        "epoch %d: %,d pages, cut at %s, %s, durable%n",
        manifest.epoch(),
        pages,
        manifest.cutAt(),
        manifest.consistency().name().toLowerCase(Locale.ROOT));
    out.flush();
  }

  @Override
  public void wrongPages(int count) {
    err.printf("penumbra: %,d pages came out wrong and were asked for again%n", count);
    err.flush();
  }

  @Override
  public void rotten(int count) {
    err.printf(
        "penumbra: %,d pages of the copy have rotted; the disk or memory may be failing. They are"
            + " asked for again%n",
        count);
    err.flush();
  }

  @Override
  public void rejected(String why) {
    if (complaints.size() < COMPLAINTS_MAX && complaints.add(why)) {
      err.println("penumbra: something was not understood: " + why);
      err.flush();
    }
  }
}
