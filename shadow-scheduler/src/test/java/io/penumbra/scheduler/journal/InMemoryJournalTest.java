package io.penumbra.scheduler.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.scheduler.port.Journal;
import org.junit.jupiter.api.Test;

class InMemoryJournalTest implements JournalContract {

  @Override
  public Journal journal() {
    return new InMemoryJournal();
  }

  @Override
  public Journal reopened(Journal crashed) {
    return crashed;
  }

  @Test
  void aTornAppendIsGoneWhole() {
    InMemoryJournal journal = new InMemoryJournal();
    journal.append(JournalContract.entries(0, 2));
    journal.append(JournalContract.entries(2, 5));

    journal.tearLast();

    assertThat(JournalContract.replayed(journal)).isEqualTo(JournalContract.entries(0, 2));
  }
}
