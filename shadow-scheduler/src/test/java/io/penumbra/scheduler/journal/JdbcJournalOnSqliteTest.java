package io.penumbra.scheduler.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import io.penumbra.scheduler.journal.JournalOpening.InUse;
import io.penumbra.scheduler.journal.JournalOpening.NewerSchema;
import io.penumbra.scheduler.journal.JournalOpening.Opened;
import io.penumbra.scheduler.journal.JournalOpening.Unusable;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.JournalUnavailableException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JdbcJournalOnSqliteTest implements JournalContract, CrashContract {

  @TempDir private Path directory;
  private JdbcJournal open;

  @SuppressWarnings("NullAway.Init") // JUnit sets the directory; journal() sets the other
  JdbcJournalOnSqliteTest() {}

  @Override
  public String url() {
    return "jdbc:sqlite:" + directory.resolve("deep/er/journal.db");
  }

  @Override
  public Journal journal() {
    open = ((Opened) JdbcJournal.open(url())).journal();
    return open;
  }

  @Override
  public Journal reopened(Journal crashed) {
    crashed.close();
    return journal();
  }

  @AfterEach
  void closeWhatIsOpen() {
    if (open != null) {
      open.close();
    }
  }

  @Test
  void aSecondControllerInTheSameProcessIsRefusedAsWell() {
    journal().append(JournalContract.entries(0, 1));

    assertThat(JdbcJournal.open(url())).isInstanceOf(InUse.class);
  }

  @Test
  void aJournalOfALaterPenumbraIsLeftAlone() throws Exception {
    journal().close();
    tamper("update penumbra_schema set version = 99");

    assertThat(JdbcJournal.open(url()))
        .isInstanceOfSatisfying(
            NewerSchema.class,
            refusal ->
                assertThat(refusal.message())
                    .contains("schema 99", "knows up to 1", "run the newer Penumbra"));
  }

  @Test
  void noticesThatAnEntryIsMissing() throws Exception {
    Journal journal = journal();
    journal.append(JournalContract.entries(0, 5));
    journal.close();
    tamper("delete from penumbra_journal where seq = 3");

    assertThatThrownBy(() -> JournalContract.replayed(journal()))
        .isInstanceOf(JournalUnavailableException.class)
        .hasMessageContaining("entry 3 is missing");
  }

  @Test
  void noticesATimeThatIsNone() throws Exception {
    Journal journal = journal();
    journal.append(JournalContract.entries(0, 2));
    journal.close();
    tamper("update penumbra_journal set at = 'yesterday' where seq = 2");

    assertThatThrownBy(() -> JournalContract.replayed(journal()))
        .isInstanceOf(JournalUnavailableException.class)
        .hasMessageContaining("entry 2: time 'yesterday'");
  }

  @Test
  void saysThatAFileIsNoJournal() throws Exception {
    Path file = Files.createDirectories(directory.resolve("deep/er")).resolve("journal.db");
    Files.writeString(file, "not a database ".repeat(100));

    assertThat(JdbcJournal.open(url()))
        .isInstanceOfSatisfying(
            Unusable.class,
            refusal -> assertThat(refusal.message()).contains("journal.db", "not a database"));
    assertThat(file).hasContent("not a database ".repeat(100));
  }

  @Test
  void refusesAUrlThatNamesNoFileOrNoKnownDatabase() {
    for (String url :
        List.of("jdbc:sqlite:", "jdbc:sqlite::memory:", "jdbc:h2:mem", "journal.db")) {
      assertThatThrownBy(() -> JdbcJournal.open(url))
          .isInstanceOf(BadInputException.class)
          .hasMessageContaining(url);
    }
  }

  @Test
  void endsWithItsFirstFailureAndCanBeOpenedAgain() throws Exception {
    Journal journal = journal();
    journal.append(JournalContract.entries(0, 2));
    journal.close();
    tamper(
        "create trigger full before insert on penumbra_journal begin select raise(abort, 'disk full'); end");
    Journal full = journal();

    assertThatThrownBy(() -> full.append(JournalContract.entries(2, 3)))
        .isInstanceOf(JournalUnavailableException.class)
        .hasMessageContaining("disk full");
    assertThatThrownBy(() -> JournalContract.replayed(full))
        .isInstanceOf(JournalUnavailableException.class)
        .hasMessageContaining("open it again");

    tamper("drop trigger full");
    assertThat(JournalContract.replayed(journal())).isEqualTo(JournalContract.entries(0, 2));
  }

  @Test
  void refusesToBeWrittenWhileItIsReplayed() {
    Journal journal = journal();
    journal.append(JournalContract.entries(0, 2));

    assertThatThrownBy(() -> journal.replay(entry -> journal.append(List.of(entry))))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("being replayed");
  }

  private void tamper(String sql) throws Exception {
    try (Connection connection = DriverManager.getConnection(url())) {
      SqlDialect.execute(connection, sql);
    }
  }
}
