package io.penumbra.scheduler.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.scheduler.journal.JournalOpening.InUse;
import io.penumbra.scheduler.journal.JournalOpening.Opened;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.Journal.Entry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every journal keeps to, wherever it keeps its entries. */
interface JournalContract {

  /** An open journal without entries. */
  Journal journal();

  /** A journal on the same entries, after the given one went down without a word. */
  Journal reopened(Journal crashed);

  static Entry entry(int number) {
    return new Entry(
        Instant.parse("2026-11-21T03:00:00.123456789Z").plusNanos(number),
        "saga-step-started",
        "saga-" + number,
        "{\"step\":\"FENCE\",\"attempt\":" + number + "}");
  }

  static List<Entry> entries(int from, int toExclusive) {
    return IntStream.range(from, toExclusive).mapToObj(JournalContract::entry).toList();
  }

  static List<Entry> replayed(Journal journal) {
    List<Entry> all = new ArrayList<>();
    journal.replay(all::add);
    return all;
  }

  /** Opens one as soon as its last holder is gone: a busy server takes a moment to notice that. */
  static JdbcJournal opened(String url) {
    long deadline = System.nanoTime() + Duration.ofSeconds(90).toNanos();
    JournalOpening opening = JdbcJournal.open(url);
    while (opening instanceof InUse && System.nanoTime() < deadline) {
      opening = JdbcJournal.open(url);
    }
    return ((Opened) opening).journal();
  }

  @Test
  default void aNewJournalIsEmpty() {
    assertThat(replayed(journal())).isEmpty();
  }

  @Test
  default void givesBackEveryEntryInOrderAndToTheNanosecond() {
    Journal journal = journal();
    journal.append(entries(0, 3));
    journal.append(entries(3, 4));
    journal.append(List.of());

    assertThat(replayed(journal)).isEqualTo(entries(0, 4));
  }

  @Test
  default void keepsTextThatIsHardOnDatabases() {
    Entry hard =
        new Entry(
            Instant.EPOCH, "o'kind; drop table", "\"ключ\" \\ 🌒 %s ?", "{\"a\":\"\\u0000\\n\"}");
    Journal journal = journal();
    journal.append(List.of(hard));

    assertThat(replayed(journal)).containsExactly(hard);
  }

  @Test
  default void keepsEntriesThroughACrash() {
    Journal journal = journal();
    journal.append(entries(0, 5));

    Journal next = reopened(journal);
    next.append(entries(5, 7));

    assertThat(replayed(reopened(next))).isEqualTo(entries(0, 7));
  }

  @Test
  default void aRewriteReplacesEverythingAndAppendsGoOnBehindIt() {
    Journal journal = journal();
    journal.append(entries(0, 50));
    journal.rewrite(entries(40, 42));
    journal.append(entries(42, 44));

    assertThat(replayed(journal)).isEqualTo(entries(40, 44));
    assertThat(replayed(reopened(journal))).isEqualTo(entries(40, 44));
  }

  @Test
  default void aRewriteMayLeaveNothing() {
    Journal journal = journal();
    journal.append(entries(0, 5));
    journal.rewrite(List.of());
    journal.append(entries(7, 8));

    assertThat(replayed(reopened(journal))).isEqualTo(entries(7, 8));
  }

  @Test
  default void replaysMoreThanOneFetch() {
    Journal journal = journal();
    journal.append(entries(0, 2_500));

    assertThat(replayed(journal)).isEqualTo(entries(0, 2_500));
  }

  @Test
  default void staysUsableWhenAReaderFails() {
    Journal journal = journal();
    journal.append(entries(0, 2));

    assertThatThrownBy(() ->
            journal.replay(_ -> {
              throw new IllegalStateException("the reader gave up");
            }))
        .hasMessage("the reader gave up");

    journal.append(entries(2, 3));
    assertThat(replayed(journal)).isEqualTo(entries(0, 3));
  }
}
