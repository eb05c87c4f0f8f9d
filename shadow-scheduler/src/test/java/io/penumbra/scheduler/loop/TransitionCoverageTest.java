package io.penumbra.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.scheduler.failover.IncidentTable;
import io.penumbra.scheduler.failover.SagaTable;
import io.penumbra.scheduler.lifecycle.ShadowTable;
import io.penumbra.scheduler.lifecycle.TransitionTable;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A transition that no story visits is one that nobody has seen work. */
class TransitionCoverageTest {

  private static final List<Class<?>> STORIES =
      List.of(
          FailoverTest.class,
          IncidentTest.class,
          ShadowTest.class,
          RiskTest.class,
          RareTurnsTest.class,
          RandomWorldTest.class);

  @Test
  void everyTransitionIsVisitedByAStory() throws ReflectiveOperationException {
    Visits.ALL.clear();
    for (Class<?> stories : STORIES) {
      Constructor<?> constructor = stories.getDeclaredConstructor();
      constructor.setAccessible(true);
      for (Method story : stories.getDeclaredMethods()) {
        if (story.isAnnotationPresent(Test.class)) {
          story.setAccessible(true);
          story.invoke(constructor.newInstance());
        }
      }
    }
    List<String> unvisited =
        Stream.of(ShadowTable.TABLE, IncidentTable.TABLE, SagaTable.TABLE)
            .flatMap(TransitionCoverageTest::rows)
            .filter(row -> !Visits.ALL.contains(row))
            .toList();
    assertThat(unvisited).as("transitions that no story visits").isEmpty();
  }

  private static Stream<String> rows(TransitionTable<?, ?> table) {
    return table.transitions().stream()
        .map(row -> Visits.key(table.machine(), row.from(), row.signal()));
  }
}
