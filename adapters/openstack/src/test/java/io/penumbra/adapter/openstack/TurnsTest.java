package io.penumbra.adapter.openstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class TurnsTest {

  private static final VmId VM = VmId.of("vm1");

  private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
  private final Turns turns = new Turns(now::get);

  @Test
  void aStateThatWasBeingCutWhenACommandCameIsThrownAway() throws Exception {
    try (Turns.Watch watch = turns.watch(VM)) {
      assertThat(watch.isDisturbed()).isFalse();
      turns.begin(VM);
      turns.end(VM);

      assertThat(watch.take()).isFalse();
    }
  }

  @Test
  void aCommandWaitsWhileANewerStateIsPutUnderAShadow() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    Thread command;
    try (Turns.Watch watch = turns.watch(VM)) {
      assertThat(watch.take()).isTrue();
      command =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  turns.begin(VM);
                  begun.countDown();
                  turns.end(VM);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      assertThat(begun.await(100, TimeUnit.MILLISECONDS)).isFalse();
    }
    assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
    command.join();
  }

  @Test
  void whatIsAboutToTakeOverKeepsItsStateForAWhile() throws Exception {
    turns.takesOver(VM, Duration.ofMinutes(5));
    assertThat(turns.isTakingOver(VM)).isTrue();
    try (Turns.Watch watch = turns.watch(VM)) {
      assertThat(watch.take()).isFalse();
    }
    now.set(Instant.EPOCH.plus(Duration.ofMinutes(6)));
    assertThat(turns.isTakingOver(VM)).isFalse();
  }

  @Test
  void otherVmsAreNotConcerned() throws Exception {
    try (Turns.Watch watch = turns.watch(VM)) {
      turns.begin(VmId.of("vm2"));
      assertThat(watch.take()).isTrue();
      turns.end(VmId.of("vm2"));
    }
  }
}
