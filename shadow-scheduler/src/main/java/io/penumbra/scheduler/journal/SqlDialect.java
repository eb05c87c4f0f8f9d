package io.penumbra.scheduler.journal;

import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.Properties;

/**
 * What differs between the databases a journal can live in: how to make them durable, and how to
 * keep a second writer out. Everything else is the same SQL.
 */
enum SqlDialect {
  /** One file on this machine. The lock is the file's own and dies with the process. */
  SQLITE("jdbc:sqlite:", "integer") {

    private static final int BUSY = 5;

    @Override
    Connection connect(String url) throws SQLException, IOException {
      Path file = file(url);
      Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElseThrow();
      Files.createDirectories(directory);
      Connection connection = DriverManager.getConnection(url);
      execute(connection, "pragma busy_timeout = " + PATIENCE_MILLIS);
      return connection;
    }

    @Override
    Optional<String> holderUnlessLocked(Connection connection) throws SQLException {
      try {
        // In exclusive mode the first transaction takes the file's lock and keeps it.
        execute(connection, "pragma locking_mode = exclusive");
        execute(connection, "pragma journal_mode = wal");
        execute(connection, "pragma synchronous = full");
        execute(connection, "begin exclusive");
        execute(connection, "commit");
        return Optional.empty();
      } catch (SQLException e) {
        if ((e.getErrorCode() & 0xff) == BUSY) {
          return Optional.of("another process on this machine");
        }
        throw e;
      }
    }

    @Override
    Optional<String> whyNotDurable(Connection connection) throws SQLException {
      String mode = ask(connection, "pragma journal_mode");
      return "wal".equals(mode)
          ? Optional.empty()
          : Optional.of("SQLite keeps it in journal mode '%s' here, not 'wal'".formatted(mode));
    }

    @Override
    void created(String url) throws IOException {
      // A new file survives a power cut only when its directory entry does.
      Path directory = Optional.ofNullable(file(url).toAbsolutePath().getParent()).orElseThrow();
      try (FileChannel entries = FileChannel.open(directory, StandardOpenOption.READ)) {
        entries.force(true);
      }
    }

    private Path file(String url) {
      String path = location(url).substring(prefix().length());
      if (path.isEmpty() || path.startsWith(":")) {
        throw new BadInputException(
            "journal", "'%s' names no file, so it would not be kept".formatted(url), ADVICE);
      }
      return Path.of(path.startsWith("file:") ? path.substring("file:".length()) : path);
    }
  },

  /**
   * A server. The lock is an advisory one of the session that writes: when the session ends, so
   * does the lock, and a writer that lost its lock has lost its way to write as well. Poolers that
   * share sessions between clients (PgBouncer in transaction mode) break that; connect directly.
   */
  POSTGRESQL("jdbc:postgresql:", "bigint") {

    private static final String LOCK_TIMED_OUT = "55P03";

    // The letters PNBR; together with the schema's hash they name the lock.
    private static final String LOCK_KEY = "1347305042, hashtext(current_schema())";

    @Override
    Connection connect(String url) throws SQLException {
      Properties defaults = new Properties();
      defaults.setProperty(
          "ApplicationName", "penumbra journal, pid " + ProcessHandle.current().pid());
      defaults.setProperty("connectTimeout", "10");
      // An append through a broken network must throw, not hang.
      defaults.setProperty("socketTimeout", "30");
      defaults.setProperty("tcpKeepAlive", "true");
      defaults.setProperty("reWriteBatchedInserts", "true");
      Connection connection = DriverManager.getConnection(url, defaults);
      execute(connection, "set synchronous_commit = on");
      // When our machine dies without a word, the server frees the lock after 5 + 3 * 2 seconds.
      execute(connection, "set tcp_keepalives_idle = 5");
      execute(connection, "set tcp_keepalives_interval = 2");
      execute(connection, "set tcp_keepalives_count = 3");
      return connection;
    }

    @Override
    Optional<String> holderUnlessLocked(Connection connection) throws SQLException {
      execute(connection, "set lock_timeout = " + PATIENCE_MILLIS);
      try {
        execute(connection, "select pg_advisory_lock(" + LOCK_KEY + ")");
        return Optional.empty();
      } catch (SQLException e) {
        if (LOCK_TIMED_OUT.equals(e.getSQLState())) {
          return Optional.of(holder(connection));
        }
        throw e;
      }
    }

    private String holder(Connection connection) throws SQLException {
      return ask(
          connection,
          """
          select coalesce(max(application_name || ' from '
              || coalesce(host(client_addr), 'this machine')
              || ' since ' || date_trunc('second', backend_start)), 'another session')
          from pg_stat_activity where pid in (
            select pid from pg_locks where locktype = 'advisory' and granted
            and database = (select oid from pg_database where datname = current_database())
            and (classid::bigint, objid::bigint) =
                (1347305042, hashtext(current_schema())::bigint & 4294967295))
          """);
    }

    @Override
    Optional<String> whyNotDurable(Connection connection) throws SQLException {
      return "on".equals(ask(connection, "show fsync"))
          ? Optional.empty()
          : Optional.of("the server runs with fsync = off; switch it on");
    }

    @Override
    void created(String url) {}
  };

  static final String ADVICE =
      "Give jdbc:sqlite:FILE or jdbc:postgresql://HOST/DATABASE?user=NAME.";

  /** How long a starting controller waits for its predecessor to let go. */
  static final int PATIENCE_MILLIS = 1_000;

  private final String prefix;
  private final String numberType;

  SqlDialect(String prefix, String numberType) {
    this.prefix = prefix;
    this.numberType = numberType;
  }

  static SqlDialect of(String url) {
    for (SqlDialect dialect : values()) {
      if (url.startsWith(dialect.prefix)) {
        return dialect;
      }
    }
    throw new BadInputException(
        "journal", "'%s' is no database that is known here".formatted(location(url)), ADVICE);
  }

  /** The URL without its parameters: they may hold a password. */
  static String location(String url) {
    int parameters = url.indexOf('?');
    return parameters < 0 ? url : url.substring(0, parameters);
  }

  String prefix() {
    return prefix;
  }

  /** The type of a 64-bit key; SQLite stores rows by it only if it is spelled this way. */
  String numberType() {
    return numberType;
  }

  abstract Connection connect(String url) throws SQLException, IOException;

  /** Empty when this connection is now the only writer, else who is. */
  abstract Optional<String> holderUnlessLocked(Connection connection) throws SQLException;

  /** Empty when a commit survives a power cut, else what stands against it. */
  abstract Optional<String> whyNotDurable(Connection connection) throws SQLException;

  /** Called once the tables are there. */
  abstract void created(String url) throws IOException;

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getString(1) : "";
    }
  }
}
