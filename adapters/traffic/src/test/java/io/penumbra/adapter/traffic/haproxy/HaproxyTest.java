package io.penumbra.adapter.traffic.haproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.adapter.traffic.haproxy.ServerState.Use;
import io.penumbra.adapter.traffic.server.NamedBackend;
import io.penumbra.adapter.traffic.server.RealHaproxy;
import io.penumbra.domain.HostId;
import io.penumbra.domain.VmId;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against a real HAProxy. */
@Timeout(180)
class HaproxyTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final VmId PAIR = VmId.of("vm-2");
  private static final HostId HOST_A = HostId.of("host-a");
  private static final HostId HOST_B = HostId.of("host-b");
  private static final InetAddress AT_A = InetAddress.ofLiteral("127.0.0.1");
  private static final InetAddress AT_B = InetAddress.ofLiteral("127.0.0.2");
  private static final ServerName SERVER = new ServerName("app", "vm");
  private static final ServerName ONE = new ServerName("pair", "one");
  private static final ServerName TWO = new ServerName("pair", "two");

  @TempDir private Path directory;
  private NamedBackend onA;
  private NamedBackend onB;
  private RealHaproxy real;
  private Haproxy haproxy;
  private List<Slot> slots;

  @BeforeEach
  void aServiceOnEachHost() throws Exception {
    onA = new NamedBackend("a", "127.0.0.1", 0);
    onB = new NamedBackend("b", "127.0.0.2", onA.port());
    begin(true);
  }

  private void begin(boolean stateFile) throws Exception {
    int port = onA.port();
    real =
        new RealHaproxy(
            directory, "127.0.0.1:" + port, "127.0.0.1:" + port, "127.0.0.2:" + port, stateFile);
    haproxy = new Haproxy(real.settings(false));
    slots = List.of(new Slot.Readdressed(SERVER, port));
  }

  @AfterEach
  void endsEverything() throws Exception {
    real.close();
    onA.close();
    onB.close();
  }

  private void clientsHear(String name) throws Exception {
    try (var client = real.connect()) {
      assertThat(client.hears()).isEqualTo(name);
    }
  }

  @Test
  void sendsClientsToTheOtherHostAndEndsTheirOldConnections() throws Exception {
    try (var old = real.connect()) {
      assertThat(old.hears()).isEqualTo("a");

      assertThat(haproxy.point(VM, slots, HOST_B, AT_B)).isEqualTo(new Change.Verified(true));

      clientsHear("b");
      assertThat(old.hears()).as("the connection to the old instance ends").isEmpty();
    }
  }

  @Test
  void aSecondTimeNothingChangesAndNobodyIsCut() throws Exception {
    haproxy.point(VM, slots, HOST_B, AT_B);
    try (var client = real.connect()) {
      assertThat(client.hears()).isEqualTo("b");
      Haproxy afterRestart = new Haproxy(real.settings(true));

      assertThat(afterRestart.point(VM, slots, HOST_B, AT_B)).isEqualTo(new Change.Verified(false));

      try (var another = real.connect()) {
        assertThat(another.hears()).isEqualTo("b");
      }
    }
  }

  @Test
  void switchesBetweenServersAndBelievesInTheNewOneBeforeItsChecksDo() throws Exception {
    List<Slot> pair = List.of(new Slot.Switched(Map.of(HOST_A, ONE, HOST_B, TWO)));
    assertThat(haproxy.point(PAIR, pair, HOST_B, AT_B)).isEqualTo(new Change.Verified(true));
    try (var client = real.connectPair()) {
      assertThat(client.hears()).isEqualTo("b");
    }

    assertThat(haproxy.point(PAIR, pair, HOST_A, AT_A)).isEqualTo(new Change.Verified(true));
    try (var client = real.connectPair()) {
      assertThat(client.hears()).isEqualTo("a");
    }
  }

  @Test
  void aServerThatItsChecksTookForDeadIsUsedAtOnceAtItsNewAddress() throws Exception {
    onA.close();
    Slot moved = new Slot.Readdressed(ONE, onB.port());
    while (!isDown(ONE)) { // by its checks, every 200 ms
      Thread.sleep(50);
    }

    assertThat(haproxy.point(PAIR, List.of(moved), HOST_B, AT_B))
        .isEqualTo(new Change.Verified(true));

    try (var client = real.connectPair()) {
      assertThat(client.hears()).as("not after 20 good checks").isEqualTo("b");
    }
  }

  private boolean isDown(ServerName name) {
    RuntimeApi api = new RuntimeApi(real.settings(false).api(), real.settings(false).patience());
    String said = ((RuntimeApi.Said) api.ask("show servers state pair")).text();
    return ServerState.parse(said).orElseThrow().stream()
        .anyMatch(state -> state.name().equals(name) && state.down());
  }

  @Test
  void drainsAndWeighs() {
    ServerWish drained =
        new ServerWish(
            SERVER,
            Optional.empty(),
            Optional.empty(),
            Optional.of(Use.DRAIN),
            Optional.of(0),
            false);
    ServerWish back =
        new ServerWish(
            SERVER,
            Optional.empty(),
            Optional.empty(),
            Optional.of(Use.READY),
            Optional.of(7),
            false);

    assertThat(haproxy.apply(VM, List.of(drained))).isEqualTo(new Change.Verified(true));
    assertThat(haproxy.apply(VM, List.of(back))).isEqualTo(new Change.Verified(true));
    assertThat(haproxy.apply(VM, List.of(back))).isEqualTo(new Change.Verified(false));
  }

  @Test
  void aReloadKeepsByTheStateFileWhichServerIsUsed() throws Exception {
    List<Slot> pair = List.of(new Slot.Switched(Map.of(HOST_A, ONE, HOST_B, TWO)));
    haproxy.point(PAIR, pair, HOST_B, AT_B);
    assertThat(haproxy.writesStateFile()).isTrue();

    real.reload();

    try (var client = real.connectPair()) {
      assertThat(client.hears()).isEqualTo("b");
    }
    assertThat(haproxy.reapply()).as("nothing is left to put right").isZero();
  }

  @Test
  void aReloadForgetsAnAddressAndIsToldAgain() throws Exception {
    haproxy.point(VM, slots, HOST_B, AT_B);

    real.reload();
    haproxy.reapply();

    clientsHear("b");
  }

  @Test
  void outlivesARestartWithoutAStateFileByBeingToldAgain() throws Exception {
    real.close();
    begin(false);
    haproxy.point(VM, slots, HOST_B, AT_B);

    real.restart();
    clientsHear("a");

    assertThat(haproxy.reapply()).isEqualTo(1);
    clientsHear("b");
    assertThat(haproxy.reapply()).isZero();

    haproxy.point(VmId.of("its-heir"), slots, HOST_B, AT_B);
    real.restart();
    assertThat(haproxy.reapply()).as("a server is one VM's").isEqualTo(1);
  }

  @Test
  void takesBackWhatWasDoneWhenHaproxyDoesNotAcceptAllOfIt() throws Exception {
    ServerWish fine = ServerWish.at(SERVER, AT_B, onB.port());
    ServerWish tooHeavy =
        new ServerWish(
            TWO, Optional.empty(), Optional.empty(), Optional.empty(), Optional.of(300), false);

    Change change = haproxy.apply(VM, List.of(fine, tooHeavy));

    assertThat(change)
        .isInstanceOfSatisfying(
            Change.Refused.class,
            refused -> {
              assertThat(refused.code()).isEqualTo("not-accepted");
              assertThat(refused.message()).contains("weight can only be between 0 and 256");
            });
    clientsHear("a");
  }

  @Test
  void refusesWhatItCannotFind() {
    Slot none = new Slot.Readdressed(new ServerName("app", "nobody"), 1);
    Slot nowhere = new Slot.Readdressed(new ServerName("nothing", "vm"), 1);
    Slot elsewhere = new Slot.Switched(Map.of(HOST_A, ONE));

    for (Slot slot : List.of(none, nowhere, elsewhere)) {
      assertThat(haproxy.point(VM, List.of(slot), HOST_B, AT_B))
          .isInstanceOfSatisfying(
              Change.Refused.class, refused -> assertThat(refused.code()).isEqualTo("no-server"));
    }
  }

  @Test
  void whoDoesNotAnswerInTimeHasNotBeenChanged() throws Exception {
    Haproxy hasty = new Haproxy(real.settings(false, Duration.ofMillis(500)));
    real.process().signal("STOP");

    Change change = hasty.point(VM, slots, HOST_B, AT_B);
    real.process().signal("CONT");
    assertThat(change)
        .isInstanceOfSatisfying(
            Change.Refused.class, refused -> assertThat(refused.code()).isEqualTo("unreachable"));
    clientsHear("a");
  }

  @Test
  void whoIsNotThereHasNotBeenChanged() throws Exception {
    real.process().close();

    assertThat(haproxy.point(VM, slots, HOST_B, AT_B))
        .isInstanceOfSatisfying(
            Change.Refused.class, refused -> assertThat(refused.code()).isEqualTo("unreachable"));
    assertThat(haproxy.reapply()).isZero();
  }

  @Test
  void aNameCannotSmuggleInACommand() {
    assertThatThrownBy(() -> new ServerName("app", "vm; shutdown sessions"))
        .hasMessageContaining("can't be a name in HAProxy");
  }
}
