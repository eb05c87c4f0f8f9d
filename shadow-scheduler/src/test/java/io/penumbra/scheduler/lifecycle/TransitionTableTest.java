package io.penumbra.scheduler.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.scheduler.failover.IncidentTable;
import io.penumbra.scheduler.failover.SagaSignal;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.failover.SagaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransitionTableTest {

  @Test
  void whatIsNotInTheTableThrowsAndSaysWhat() {
    assertThatThrownBy(() -> ShadowTable.TABLE.next(ShadowState.GONE, ShadowSignal.PROMOTE))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("GONE")
        .hasMessageContaining("PROMOTE");
  }

  @Test
  void everyStepThatHasAskedForSomethingTakesALateReport() {
    for (SagaStep step : SagaStep.values()) {
      boolean overAtOnce = step == SagaStep.REPROTECT || step == SagaStep.WATCH;
      if (step == SagaStep.QUEUED || overAtOnce) {
        continue; // nothing was asked
      }
      assertThat(SagaTable.TABLE.find(step, SagaSignal.LATE).isPresent())
          .as(step.name())
          .isEqualTo(!step.terminal());
    }
  }

  @Test
  void activationIsReachedOnlyByAFence() {
    List<SagaSignal> ways =
        SagaTable.TABLE.transitions().stream()
            .filter(row -> row.to() == SagaStep.ACTIVATE && row.from() != SagaStep.ACTIVATE)
            .map(TransitionTable.Transition::signal)
            .toList();
    assertThat(ways).containsExactly(SagaSignal.FENCED_SYNCED, SagaSignal.SYNCED);
  }

  /** Regenerate with {@code -Dpenumbra.regenerate=true}. */
  @Test
  void theDiagramsInTheDocumentationAreTheTables() throws IOException {
    String root = System.getProperty("penumbra.root", "..");
    Path file = Path.of(root, "docs", "state-machines.md");
    String generated = document();
    if (Boolean.getBoolean("penumbra.regenerate")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, generated);
    }
    assertThat(Files.exists(file) ? Files.readString(file) : "")
        .as(
            "docs/state-machines.md is not what the tables say; regenerate it with:"
                + " ./mvnw test -pl shadow-scheduler -am -Dtest=TransitionTableTest"
                + " -Dsurefire.failIfNoSpecifiedTests=false"
                + " -Dpenumbra.regenerate=true")
        .isEqualTo(generated);
  }

  private static String document() {
    return """
    # State machines

    Generated from the transition tables by `TransitionTableTest`; do not edit. What is not in a
    table throws. Transitions that change nothing (retries, late and duplicate reports) are in the
    tables and left out of the pictures.

    ## The life of a shadow

    ```mermaid
    %s```

    ## Trouble with a host

    ```mermaid
    %s```

    ## The failover of one VM

    ```mermaid
    %s```
    """
        .formatted(
            ShadowTable.TABLE.diagram(), IncidentTable.TABLE.diagram(), SagaTable.TABLE.diagram());
  }
}
