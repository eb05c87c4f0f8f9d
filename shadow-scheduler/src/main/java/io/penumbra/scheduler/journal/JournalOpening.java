package io.penumbra.scheduler.journal;

/** What became of an attempt to open a journal. */
public sealed interface JournalOpening {

  /** It is open, and nobody else can write to it until it is closed. */
  record Opened(JdbcJournal journal) implements JournalOpening {}

  /** It is not open; nothing was changed. */
  sealed interface Refused extends JournalOpening {

    /** What is wrong, where, and what to do next, for a person. */
    String message();
  }

  /**
   * Another controller writes to it.
   *
   * @param holder what is known of the other one
   */
  record InUse(String location, String holder) implements Refused {
    @Override
    public String message() {
      return "journal %s is in use by %s; stop that controller first, or give this one another journal"
          .formatted(location, holder);
    }
  }

  /** A later Penumbra has written it, in a form that this one does not know. */
  record NewerSchema(String location, int found, int known) implements Refused {
    @Override
    public String message() {
      return "journal %s has schema %d, this Penumbra knows up to %d; run the newer Penumbra"
          .formatted(location, found, known);
    }
  }

  /** What it is kept on would lose entries that were acknowledged. */
  record NotDurable(String location, String reason) implements Refused {
    @Override
    public String message() {
      return "journal %s would lose what it has acknowledged: %s".formatted(location, reason);
    }
  }

  /** It cannot be reached, read or written. */
  record Unusable(String location, String reason) implements Refused {
    @Override
    public String message() {
      return "journal %s cannot be used: %s; check that it exists, is a journal, and may be written"
          .formatted(location, reason);
    }
  }
}
