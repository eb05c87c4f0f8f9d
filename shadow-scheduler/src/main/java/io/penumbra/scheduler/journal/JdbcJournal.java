package io.penumbra.scheduler.journal;

import io.penumbra.scheduler.journal.JournalOpening.InUse;
import io.penumbra.scheduler.journal.JournalOpening.NewerSchema;
import io.penumbra.scheduler.journal.JournalOpening.NotDurable;
import io.penumbra.scheduler.journal.JournalOpening.Opened;
import io.penumbra.scheduler.journal.JournalOpening.Unusable;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.JournalUnavailableException;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A journal in a database: SQLite's file by default, PostgreSQL when one machine is outgrown. It
 * has one writer at a time, and every entry a number without gaps, so that a lost entry is noticed.
 *
 * <p>The first failure ends it: from then on everything throws {@link JournalUnavailableException}
 * and the lock is given up, so that it can be opened again and replayed.
 */
public final class JdbcJournal implements Journal {

  /** Version of the tables. Raise it with every change that an older Penumbra can't read. */
  static final int SCHEMA = 1;

  private static final int ROWS_PER_FETCH = 1_000;

  private final String location;
  private final Connection connection;
  private long nextNumber;
  private boolean replaying;
  private Optional<String> ended = Optional.empty();

  private JdbcJournal(String location, Connection connection, long nextNumber) {
    this.location = location;
    this.connection = connection;
    this.nextNumber = nextNumber;
  }

  /**
   * Opens a journal, makes it if there is none, and becomes its only writer.
   *
   * @param url {@code jdbc:sqlite:FILE} or {@code jdbc:postgresql://HOST/DATABASE?user=NAME}
   * @throws io.penumbra.domain.BadInputException if the URL is neither
   */
  public static JournalOpening open(String url) {
    SqlDialect dialect = SqlDialect.of(url);
    String location = SqlDialect.location(url);
    try {
      Connection connection = dialect.connect(url);
      boolean opened = false;
      try {
        JournalOpening opening = take(dialect, url, connection);
        opened = opening instanceof Opened;
        return opening;
      } finally {
        if (!opened) {
          connection.close();
        }
      }
    } catch (SQLException | IOException e) {
      return new Unusable(location, String.valueOf(e.getMessage()));
    }
  }

  private static JournalOpening take(SqlDialect dialect, String url, Connection connection)
      throws SQLException, IOException {
    String location = SqlDialect.location(url);
    Optional<String> holder = dialect.holderUnlessLocked(connection);
    if (holder.isPresent()) {
      return new InUse(location, holder.get());
    }
    Optional<String> doubt = dialect.whyNotDurable(connection);
    if (doubt.isPresent()) {
      return new NotDurable(location, doubt.get());
    }
    connection.setAutoCommit(false);
    int found = schema(dialect, connection);
    if (found > SCHEMA) {
      return new NewerSchema(location, found, SCHEMA);
    }
    dialect.created(url);
    String last = SqlDialect.ask(connection, "select coalesce(max(seq), 0) from penumbra_journal");
    connection.rollback();
    return new Opened(new JdbcJournal(location, connection, Long.parseLong(last) + 1));
  }

  private static int schema(SqlDialect dialect, Connection connection) throws SQLException {
    SqlDialect.execute(
        connection, "create table if not exists penumbra_schema (version integer not null)");
    String found = SqlDialect.ask(connection, "select max(version) from penumbra_schema");
    if (found != null && !found.isEmpty()) {
      connection.rollback();
      return Integer.parseInt(found);
    }
    SqlDialect.execute(
        connection,
        """
        create table penumbra_journal (seq %s not null primary key, at text not null,
          kind text not null, about text not null, body text not null)
        """
            .formatted(dialect.numberType()));
    SqlDialect.execute(connection, "insert into penumbra_schema values (" + SCHEMA + ")");
    connection.commit();
    return SCHEMA;
  }

  @Override
  public synchronized void append(List<Entry> entries) {
    if (entries.isEmpty()) {
      return;
    }
    requireOpen();
    attempt("append " + entries.size() + " entries", () -> insert(entries));
  }

  @Override
  public synchronized void rewrite(List<Entry> entries) {
    requireOpen();
    attempt(
        "rewrite as " + entries.size() + " entries",
        () -> {
          SqlDialect.execute(connection, "delete from penumbra_journal");
          insert(entries);
        });
  }

  private void insert(List<Entry> entries) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into penumbra_journal (seq, at, kind, about, body) values (?, ?, ?, ?, ?)")) {
      long number = nextNumber;
      for (Entry entry : entries) {
        insert.setLong(1, number++);
        insert.setString(2, entry.at().toString());
        insert.setString(3, entry.kind());
        insert.setString(4, entry.key());
        insert.setString(5, entry.body());
        insert.addBatch();
      }
      insert.executeBatch();
      connection.commit();
      nextNumber = number;
    }
  }

  @Override
  public synchronized void replay(Consumer<Entry> consumer) {
    requireOpen();
    replaying = true;
    try {
      attempt("replay", () -> read(consumer));
    } finally {
      replaying = false;
    }
  }

  private void read(Consumer<Entry> consumer) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "select seq, at, kind, about, body from penumbra_journal order by seq")) {
      // With a fetch size and outside auto-commit, PostgreSQL streams instead of sending it all.
      select.setFetchSize(ROWS_PER_FETCH);
      try (ResultSet row = select.executeQuery()) {
        long expected = 0;
        while (row.next()) {
          long number = row.getLong(1);
          if (expected != 0 && number != expected) {
            throw new SQLException(
                "entry %d is missing, the next one is %d; somebody else has changed the tables"
                    .formatted(expected, number));
          }
          expected = number + 1;
          consumer.accept(entry(row));
        }
      }
    } finally {
      connection.rollback();
    }
  }

  private static Entry entry(ResultSet row) throws SQLException {
    try {
      Instant at = Instant.parse(row.getString(2));
      return new Entry(at, row.getString(3), row.getString(4), row.getString(5));
    } catch (DateTimeParseException e) {
      throw new SQLException(
          "entry %d: time '%s' is no ISO instant".formatted(row.getLong(1), row.getString(2)), e);
    }
  }

  @Override
  public synchronized void close() {
    end("it was closed");
  }

  private void requireOpen() {
    if (replaying) {
      throw new IllegalStateException("journal %s is being replayed".formatted(location));
    }
    if (ended.isPresent()) {
      throw new JournalUnavailableException(
          "journal %s can no longer be used: %s; open it again".formatted(location, ended.get()));
    }
  }

  private void attempt(String what, Work work) {
    try {
      work.run();
    } catch (SQLException e) {
      end("'%s' failed: %s".formatted(what, e.getMessage()));
      throw new JournalUnavailableException(
          "journal %s could not %s: %s".formatted(location, what, e.getMessage()), e);
    }
  }

  private void end(String why) {
    if (ended.isPresent()) {
      return;
    }
    ended = Optional.of(why);
    try {
      connection.close();
    } catch (SQLException e) {
      // It is given up in any case; what could not be closed is gone with the connection.
    }
  }

  /** A few statements that end in a commit. */
  @FunctionalInterface
  private interface Work {
    void run() throws SQLException;
  }
}
