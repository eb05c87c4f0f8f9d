package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PressureReliefTest {

  private final Memory.MemoryGuest guest = new Memory.MemoryGuest(new byte[0]);

  @Test
  void guestsWeighMoreWhileWorkWaitsForTheCpuAndNormallyWhenItIsCalm() {
    PressureRelief relief = new PressureRelief(300);

    relief.look(Optional.of(0.3), List.of(guest));
    assertThat(guest.weight).as("not yet").isEqualTo(100);
    relief.look(Optional.of(0.5), List.of(guest));
    assertThat(guest.weight).isEqualTo(300);
    relief.look(Optional.of(0.3), List.of(guest));
    assertThat(guest.weight).as("still").isEqualTo(300);
    relief.look(Optional.of(0.1), List.of(guest));
    assertThat(guest.weight).isEqualTo(100);
  }

  @Test
  void nothingIsChangedUnlessItIsAskedFor() {
    new PressureRelief(0).look(Optional.of(0.9), List.of(guest));

    assertThat(guest.weight).isEqualTo(100);
  }

  @Test
  void aHostThatCannotDoItSaysSo() {
    guest.hasGroups = false;
    PressureRelief relief = new PressureRelief(300);

    relief.look(Optional.of(0.9), List.of(guest));

    assertThat(relief.trouble()).contains("no control groups");
  }
}
