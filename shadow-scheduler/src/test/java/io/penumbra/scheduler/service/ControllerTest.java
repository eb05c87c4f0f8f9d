package io.penumbra.scheduler.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.FlavorId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.policy.CommitMode;
import io.penumbra.domain.policy.Diversity;
import io.penumbra.domain.policy.EffectivePolicy;
import io.penumbra.domain.policy.ProtectionPolicy;
import io.penumbra.domain.policy.RiskThresholds;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.placement.PlacementSettings;
import io.penumbra.placement.fleet.FleetSettings;
import io.penumbra.placement.log.MemoryDecisionLog;
import io.penumbra.scheduler.SchedulerSettings;
import io.penumbra.scheduler.journal.InMemoryJournal;
import io.penumbra.scheduler.lifecycle.TransitionObserver;
import io.penumbra.scheduler.loop.LoopView;
import io.penumbra.scheduler.port.Alerts.Alert;
import io.penumbra.scheduler.port.Journal;
import io.penumbra.scheduler.port.JournalUnavailableException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ControllerTest {

  private static final Duration SOON = Duration.ofSeconds(60);
  private static final VmId VM = VmId.of("vm1");

  private volatile Instant now = Instant.parse("2030-01-01T00:00:00Z");
  private final InstantSource clock = () -> now;
  private final ObligingCloud cloud = new ObligingCloud(clock, 4);
  private final Journal journal = new InMemoryJournal();
  private final List<Alert> alerts = new CopyOnWriteArrayList<>();
  private final AtomicBoolean beating = new AtomicBoolean(true);
  private final Set<HostId> dead = ConcurrentHashMap.newKeySet();
  private final Controller controller = new Controller(SchedulerSettings.defaults(), clock);

  @AfterEach
  void close() {
    beating.set(false);
    controller.close();
  }

  @Test
  void aHostThatFallsSilentIsFencedAndItsVmServesFromItsShadow() throws InterruptedException {
    start(() -> journal);
    cloud.boot(vm(), ObligingCloud.id(0));
    await(this::isProtected);

    dead.add(ObligingCloud.id(0));

    await(() -> cloud.seen(Command.Activate.class).isPresent());
    assertThat(cloud.seen(Command.FenceHost.class).orElseThrow().host())
        .isEqualTo(ObligingCloud.id(0));
    assertThat(cloud.seen(Command.Activate.class).orElseThrow().host())
        .isNotEqualTo(ObligingCloud.id(0));
    assertThat(alerts).isEmpty();
  }

  @Test
  void aCloudThatIsAwayIsWaitedForAndSaidSo() {
    cloud.refuseSnapshots(2);
    start(() -> journal);

    await(() -> controller.state() instanceof ControllerState.Working);

    assertThat(alerts)
        .hasSize(2)
        .allSatisfy(alert -> assertThat(alert.message()).contains("503 Service Unavailable"));
  }

  @Test
  void aLoopThatBreaksOffStartsAgainFromItsJournalAndForgetsNothing() throws InterruptedException {
    AtomicBoolean journalBreaks = new AtomicBoolean();
    start(() -> new BreakingJournal(journal, journalBreaks));
    cloud.boot(vm(), ObligingCloud.id(0));
    await(this::isProtected);

    journalBreaks.set(true);
    cloud.boot(vm("vm2"), ObligingCloud.id(1));

    await(() -> !alerts.isEmpty());
    await(() -> controller.state() instanceof ControllerState.Working);
    assertThat(alerts).extracting(Alert::code).contains("controller-restarted");
    assertThat(controller.view(LoopView::vmCount, SOON)).isEqualTo(2);
  }

  @Test
  void whoeverAsksWhileItRecoversWaitsOrIsToldSo() {
    cloud.refuseSnapshots(1_000);
    start(() -> journal);

    assertThatThrownBy(() -> controller.view(LoopView::vmCount, Duration.ofMillis(100)))
        .isInstanceOf(ControllerBusyException.class)
        .hasMessageContaining("no answer within PT0.1S");
    controller.close();
    assertThatThrownBy(() -> controller.view(LoopView::vmCount, SOON))
        .hasMessageContaining("it is closed");
    assertThat(controller.state()).isInstanceOf(ControllerState.Closed.class);
  }

  private void start(Supplier<Journal> journals) {
    cloud.connect(controller, controller::wake);
    controller.start(
        new ControllerSetup(
            cloud,
            cloud,
            cloud,
            journals,
            placer -> new MemoryDecisionLog(100),
            alerts::add,
            FleetSettings.defaults(),
            PlacementSettings.defaults(),
            TransitionObserver.NONE));
    beatAll();
  }

  /** Whoever beats moves the clock, too: so nobody is silent only because this machine is busy. */
  private void beatAll() {
    Thread.ofVirtual()
        .start(() -> {
          while (beating.get()) {
            now = now.plusMillis(20);
            for (int i = 0; i < 4; i++) {
              HostId host = ObligingCloud.id(i);
              if (!dead.contains(host)) {
                controller.heartbeat(host);
              }
            }
            pause();
          }
        });
  }

  private boolean isProtected() {
    try {
      return controller.view(
          view -> view.vm(VM).filter(LoopView.VmView::isProtected).isPresent(), SOON);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it did not happen within two minutes");
      }
      pause();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static Vm vm() {
    return vm("vm1");
  }

  private static Vm vm(String id) {
    ProtectionPolicy policy =
        new ProtectionPolicy(
            ShadowMode.WARM,
            1,
            Duration.ofSeconds(1),
            Duration.ofMinutes(1),
            Diversity.HOST_ONLY,
            CommitMode.ASYNC,
            new RiskThresholds(0.05, 0.2),
            3);
    return new Vm(
        VmId.of(id),
        ProjectId.of("p1"),
        FlavorId.of("m1"),
        new Resources(2, 4096, 20),
        new TreeMap<>(),
        List.of(),
        new EffectivePolicy(policy, "test"));
  }

  /** Fails one append, and is then opened anew. */
  private record BreakingJournal(Journal durable, AtomicBoolean breaks) implements Journal {
    @Override
    public void append(List<Entry> entries) {
      if (breaks.getAndSet(false)) {
        throw new JournalUnavailableException("disk full");
      }
      durable.append(entries);
    }

    @Override
    public void replay(Consumer<Entry> consumer) {
      durable.replay(consumer);
    }

    @Override
    public void rewrite(List<Entry> entries) {
      durable.rewrite(entries);
    }

    @Override
    public void close() {
      // the durable one outlives this
    }
  }
}
