package io.penumbra.scheduler.loop;

import static io.penumbra.scheduler.loop.Story.policy;
import static io.penumbra.scheduler.loop.Story.v;
import static io.penumbra.scheduler.loop.Story.vm;
import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.HostId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.SchedulerSettings;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The controller dies before and after every single append of a failover, is started again from its
 * journal, and the failover ends well all the same. The world itself checks after every change that
 * no two instances serve.
 */
class CrashTest {

  /** A failover and what has to be true when it is over. */
  enum Trouble {
    DEAD_HOST(story -> {
      story.world.kill(story.hostOf(1));
      story.suspect(story.hostOf(1));
    }),
    ISOLATED_HOST_WITHOUT_POWER_CONTROL(story -> {
      HostId host = story.hostOf(1);
      story.world.host(host).isolated = true;
      story.world.host(host).bmcAnswers = false;
      story.suspect(host);
    }),
    CRASHED_GUEST(story -> {
      story.world.vm(v(1)).instances.put(story.hostOf(1), FakeWorld.Run.STOPPED);
      story.world.emit(new Event.GuestFailed(story.world.now, v(1), "panic"));
    }),
    ENDED_GUEST(story -> {
      story.world.vm(v(1)).instances.put(story.hostOf(1), FakeWorld.Run.STOPPED);
      story.world.emit(new Event.GuestFailed(story.world.now, v(1), "ended", Optional.of(0L)));
    }),
    PLANNED_MOVE(story -> story.world.condition(story.hostOf(1), HostCondition.MAINTENANCE)),
    PREDICTED_MOVE(story -> story.risk(story.hostOf(1), 0.9)),
    FAILED_ACTIVATION(story -> {
      boolean[] failed = {false};
      story.world.script =
          command -> {
            if (command instanceof Command.Activate && !failed[0]) {
              failed[0] = true;
              return Optional.of(new Outcome.Failed("boot-failed", "panic"));
            }
            return Optional.empty();
          };
      story.world.kill(story.hostOf(1));
      story.suspect(story.hostOf(1));
    });

    @SuppressWarnings("ImmutableEnumChecker") // none of these lambdas holds on to anything
    private final Consumer<Story> strikes;

    Trouble(Consumer<Story> strikes) {
      this.strikes = strikes;
    }
  }

  @ParameterizedTest
  @EnumSource
  void crashAtEveryStepResumes(Trouble trouble) {
    for (boolean durable : new boolean[] {false, true}) {
      boolean reached = true;
      for (int append = 1; reached; append++) {
        reached = crashAt(trouble, append, durable);
        assertThat(append).as("appends of one failover").isLessThan(200);
      }
    }
  }

  /** False when the failover was over before that append. */
  private static boolean crashAt(Trouble trouble, int append, boolean durable) {
    CrashingJournal journal = new CrashingJournal(durable);
    Story story = new Story(6, SchedulerSettings.defaults(), journal);
    story.start().with(vm(1, policy(ShadowMode.WARM, 2, 0)));
    HostId before = story.hostOf(1);
    journal.crashAtAppend(append);

    trouble.strikes.accept(story);
    if (trouble == Trouble.PREDICTED_MOVE) {
      // Risk is reported again and again; one report may have died with the controller.
      for (int i = 0; i < 10 && story.hostOf(1).equals(before); i++) {
        story.run(Duration.ofMinutes(1)).risk(before, 0.9);
      }
    }
    story.run(Duration.ofMinutes(30));

    String when = "%s, append %d, %s".formatted(trouble, append, durable ? "durable" : "torn");
    assertThat(story.hostOf(1)).as(when).isNotEqualTo(before);
    assertThat(story.world.vm(v(1)).serving()).as(when).isEqualTo(1);
    assertThat(story.world.vm(v(1)).complete()).as(when).isEqualTo(2);
    assertThat(story.view().sagas()).as(when).isEmpty();
    assertThat(story.view().vm(v(1)).orElseThrow().host()).as(when).isEqualTo(story.hostOf(1));
    assertThat(story.placer().fleet().primaryOf(v(1))).as(when).contains(story.hostOf(1));
    assertThat(story.view().ledger()).as(when).hasSize(1);
    return journal.hasCrashed();
  }
}
