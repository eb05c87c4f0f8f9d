package io.penumbra.scheduler.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import io.penumbra.scheduler.journal.JournalOpening.InUse;
import io.penumbra.scheduler.journal.JournalOpening.Unusable;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.JournalUnavailableException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class JdbcJournalOnPostgresTest implements JournalContract, CrashContract {

  private static Optional<PostgresServer> server = Optional.empty();
  private static int databases;

  private final List<Journal> open = new ArrayList<>();
  private String lastUrl = "";

  @BeforeAll
  static void startServer() throws Exception {
    Optional<Path> binaries = PostgresServer.findBinaries();
    if (binaries.isEmpty()) {
      String reason = "PostgreSQL's server is not installed (apt-get install postgresql)";
      if ("true".equals(System.getenv("CI"))) {
        throw new IllegalStateException(reason);
      }
      abort(reason);
    }
    server = Optional.of(PostgresServer.start(binaries.orElseThrow()));
  }

  @AfterAll
  static void stopServer() throws Exception {
    if (server.isPresent()) {
      server.orElseThrow().close();
    }
  }

  @AfterEach
  void closeWhatIsOpen() {
    open.forEach(Journal::close);
  }

  @Override
  public String url() {
    try {
      return server.orElseThrow().newDatabase("journal" + databases++);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Journal journal() {
    lastUrl = url();
    return opened(lastUrl);
  }

  @Override
  public Journal reopened(Journal crashed) {
    crashed.close();
    return opened(lastUrl);
  }

  private Journal opened(String url) {
    Journal journal = JournalContract.opened(url);
    open.add(journal);
    return journal;
  }

  @Test
  void everyAcknowledgedEntryIsThereAfterTheServerCrashed() throws Exception {
    Journal journal = journal();
    journal.append(JournalContract.entries(0, 40));

    server.orElseThrow().crashAndRestart();

    assertThatThrownBy(() -> journal.append(JournalContract.entries(40, 41)))
        .isInstanceOf(JournalUnavailableException.class);
    Journal next = opened(lastUrl);
    next.append(JournalContract.entries(40, 42));
    assertThat(JournalContract.replayed(next)).isEqualTo(JournalContract.entries(0, 42));
  }

  @Test
  void theRefusalSaysWhoHoldsTheJournal() {
    journal();

    assertThat(JdbcJournal.open(lastUrl))
        .isInstanceOfSatisfying(
            InUse.class,
            refusal ->
                assertThat(refusal.message())
                    .contains(
                        "penumbra journal, pid " + ProcessHandle.current().pid(), "127.0.0.1"));
  }

  @Test
  void aServerThatIsNotThereIsARefusalWithoutThePassword() {
    assertThat(JdbcJournal.open("jdbc:postgresql://127.0.0.1:1/none?user=me&password=hunter2"))
        .isInstanceOfSatisfying(
            Unusable.class,
            refusal ->
                assertThat(refusal.message())
                    .contains("jdbc:postgresql://127.0.0.1:1/none")
                    .doesNotContain("hunter2"));
  }
}
