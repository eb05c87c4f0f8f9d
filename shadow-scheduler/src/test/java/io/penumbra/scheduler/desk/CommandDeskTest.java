package io.penumbra.scheduler.desk;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.command.Command.PointDns;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.scheduler.desk.CommandDesk.Settings;
import io.penumbra.scheduler.desk.CommandDesk.Work;
import io.penumbra.scheduler.port.EventSink;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
class CommandDeskTest {

  private static final InstantSource CLOCK = InstantSource.fixed(Instant.EPOCH);
  private static final Settings SMALL = new Settings(2, 2, 2, Duration.ofMillis(1));

  private final BlockingQueue<Event.CommandReported> heard = new LinkedBlockingQueue<>();

  private boolean hear(Event event) {
    return heard.add((Event.CommandReported) event);
  }

  private <C extends Command> CommandDesk<C> desk(Settings settings, EventSink sink, Work<C> work) {
    return new CommandDesk<>("test", settings, CLOCK, sink, command -> "lane", work);
  }

  private static PointDns command(int number) {
    return new PointDns(CommandId.of("c-" + number), VmId.of("vm"), HostId.of("host"));
  }

  private Outcome next() throws InterruptedException {
    Event.CommandReported report = heard.poll(60, TimeUnit.SECONDS);
    assertThat(report).as("an outcome within a minute").isNotNull();
    return report.outcome();
  }

  @Test
  void carriesOutTheCommandsOfALaneInTheirOrder() throws Exception {
    List<String> order = new ArrayList<>();
    try (var desk =
        desk(
            Settings.defaults(),
            this::hear,
            (PointDns c) -> {
              order.add(c.id().value());
              return new Outcome.Done();
            })) {
      for (int i = 0; i < 50; i++) {
        desk.take(command(i));
      }
      for (int i = 0; i < 50; i++) {
        assertThat(next()).isEqualTo(new Outcome.Done());
      }
    }
    assertThat(order).hasSize(50).startsWith("c-0", "c-1", "c-2").endsWith("c-49");
  }

  @Test
  void aLaneThatStandsStillHoldsUpNoOther() throws Exception {
    CountDownLatch stuck = new CountDownLatch(1);
    Work<PointDns> work =
        command -> {
          if (command.id().equals(CommandId.of("c-1"))) {
            stuck.await();
          }
          return new Outcome.Done();
        };
    try (CommandDesk<PointDns> desk =
        new CommandDesk<>(
            "test",
            new Settings(10, 10, 10, Duration.ofMillis(1)),
            CLOCK,
            this::hear,
            command -> command.id().value().endsWith("1") ? "stuck" : "free",
            work)) {
      desk.take(command(1));
      desk.take(command(11));
      desk.take(command(2));
      desk.take(command(3));

      assertThat(next()).isEqualTo(new Outcome.Done());
      assertThat(next()).isEqualTo(new Outcome.Done());
      assertThat(heard.poll(50, TimeUnit.MILLISECONDS)).as("of the lane that is stuck").isNull();
      stuck.countDown();
      assertThat(next()).isEqualTo(new Outcome.Done());
      assertThat(next()).isEqualTo(new Outcome.Done());
    }
  }

  @Test
  void givesTheSameAnswerToACommandThatWasCarriedOutAndDoesNothing() throws Exception {
    AtomicInteger times = new AtomicInteger();
    try (var desk =
        desk(
            SMALL,
            this::hear,
            (PointDns c) -> {
              times.incrementAndGet();
              return new Outcome.Done();
            })) {
      desk.take(command(1));
      next();
      desk.take(command(1));
      assertThat(next()).isEqualTo(new Outcome.Done());
    }
    assertThat(times).hasValue(1);
  }

  @Test
  void triesAgainWhatEndedWithoutCertainty() throws Exception {
    AtomicInteger times = new AtomicInteger();
    try (var desk =
        desk(
            SMALL,
            this::hear,
            (PointDns c) ->
                times.incrementAndGet() == 1 ? new Outcome.Unknown("?") : new Outcome.Done())) {
      desk.take(command(1));
      assertThat(next()).isInstanceOf(Outcome.Unknown.class);
      desk.take(command(1));
      assertThat(next()).isInstanceOf(Outcome.Done.class);
    }
  }

  @Test
  void keepsAnOutcomeUntilTheLoopTakesIt() throws Exception {
    AtomicInteger refusals = new AtomicInteger(5);
    try (var desk =
        desk(
            SMALL,
            event -> refusals.decrementAndGet() < 0 && hear(event),
            (PointDns c) -> new Outcome.Done())) {
      desk.take(command(1));
      assertThat(next()).isEqualTo(new Outcome.Done());
    }
    assertThat(heard).isEmpty();
  }

  @Test
  void refusesWhatIsTooMuchAndSaysSo() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    try (var desk =
        desk(
            SMALL,
            this::hear,
            (PointDns c) -> {
              go.await();
              return new Outcome.Done();
            })) {
      desk.take(command(1));
      desk.take(command(2));
      desk.take(command(3));

      assertThat(next()).isEqualTo(new Outcome.Failed("busy", "test has 2 commands in hand"));
      assertThat(desk.inHand()).isEqualTo(2);
      go.countDown();
      next();
      next();
    }
  }

  @Test
  void aFaultOfOursIsNoCertaintyAndNamesNoSecret() throws Exception {
    try (var desk =
        desk(
            SMALL,
            this::hear,
            (Command.FenceHost c) -> {
              throw new IllegalStateException("password=geheim");
            })) {
      desk.take(new Command.FenceHost(CommandId.of("f"), HostId.of("host")));

      assertThat(next())
          .isInstanceOfSatisfying(
              Outcome.FencingAnswered.class,
              answered -> assertThat(answered.result()).isInstanceOf(FencingResult.Unknown.class))
          .asString()
          .contains("IllegalStateException")
          .doesNotContain("geheim");
    }
  }

  @Test
  void endsItsWorkWhenItIsClosed() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch ended = new CountDownLatch(1);
    var desk =
        desk(
            SMALL,
            this::hear,
            (PointDns c) -> {
              begun.countDown();
              try {
                Thread.sleep(Duration.ofMinutes(1));
              } finally {
                ended.countDown();
              }
              return new Outcome.Done();
            });
    desk.take(command(1));
    begun.await();
    desk.close();

    // Closing waits a second for it, which may be short where the machine is busy.
    assertThat(ended.await(60, TimeUnit.SECONDS)).isTrue();
    desk.take(command(2));
    assertThat(desk.inHand()).isLessThanOrEqualTo(1);
    assertThat(heard).isEmpty();
  }
}
