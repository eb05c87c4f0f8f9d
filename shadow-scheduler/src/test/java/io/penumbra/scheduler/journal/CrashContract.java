package io.penumbra.scheduler.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.scheduler.journal.JournalOpening.InUse;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.Journal.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every journal that outlives its process keeps to, shown on processes that are killed. */
interface CrashContract {

  /** Where an empty journal can be made. */
  String url();

  @Test
  default void everyAcknowledgedEntryIsThereAfterKillMinusNine() throws Exception {
    String url = url();
    int acknowledged;
    try (AppendingProcess controller = AppendingProcess.start(url, Integer.MAX_VALUE)) {
      acknowledged = controller.kill(controller.acknowledged(300));
    }
    expectAcknowledged(url, acknowledged);
  }

  @Test
  default void everyAcknowledgedEntryIsThereAfterAHaltInTheMiddleOfAppends() throws Exception {
    String url = url();
    int acknowledged;
    try (AppendingProcess controller = AppendingProcess.start(url, 200)) {
      acknowledged = controller.acknowledged(Integer.MAX_VALUE);
    }
    assertThat(acknowledged).isGreaterThanOrEqualTo(198);
    expectAcknowledged(url, acknowledged);
  }

  @Test
  default void aSecondControllerIsRefusedUntilTheFirstIsDead() throws Exception {
    String url = url();
    try (AppendingProcess controller = AppendingProcess.start(url, Integer.MAX_VALUE)) {
      int acknowledged = controller.acknowledged(30);

      assertThat(JdbcJournal.open(url))
          .isInstanceOfSatisfying(
              InUse.class,
              refusal ->
                  assertThat(refusal.message()).contains("in use by", "stop that controller"));

      expectAcknowledged(url, controller.kill(acknowledged));
    }
  }

  private static void expectAcknowledged(String url, int acknowledged) {
    try (Journal journal = JournalContract.opened(url)) {
      List<Entry> found = JournalContract.replayed(journal);
      assertThat(found.size()).isIn(AppendingProcess.plausibleSizes(acknowledged));
      assertThat(found).isEqualTo(JournalContract.entries(0, found.size()));
    }
  }
}
