package io.penumbra.adapter.traffic.dns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.adapter.traffic.dns.DnsRecord.AddressType;
import io.penumbra.adapter.traffic.dns.NameServer.Holds;
import io.penumbra.adapter.traffic.server.NameServers;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Update;

/** Against BIND as the primary and Knot as the secondary. */
@Timeout(240)
class ZoneEditorTest {

  private static final Duration TTL = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofSeconds(1);
  private static final DnsRecord REDIS = new DnsRecord("redis.apps.example", AddressType.A, TTL);
  private static final DnsRecord REDIS_6 =
      new DnsRecord("redis.apps.example", AddressType.AAAA, TTL);
  private static final DnsRecord FRESH = new DnsRecord("fresh.apps.example", AddressType.A, TTL);
  private static final InetAddress AT_1 = InetAddress.ofLiteral("10.0.0.1");
  private static final InetAddress AT_2 = InetAddress.ofLiteral("10.0.0.2");
  private static final InetAddress AT_6 = InetAddress.ofLiteral("fd00::2");

  @TempDir private static Path directory;
  private static NameServers servers;
  private ZoneEditor editor;
  private DnsZone zone;

  @BeforeAll
  static void start() throws Exception {
    servers = new NameServers(directory);
  }

  @AfterAll
  static void end() throws Exception {
    servers.close();
  }

  @BeforeEach
  void asItWas() throws Exception {
    zone = servers.zone(servers.key());
    editor = new ZoneEditor(zone);
    assertThat(editor.point(List.of(REDIS), List.of(AT_1))).isInstanceOf(Change.Verified.class);
    assertThat(editor.live(List.of(REDIS), TTL)).isInstanceOf(Change.Verified.class);
  }

  private String shown(InetSocketAddress server, DnsRecord record) {
    RecordWish wish = new RecordWish(record, Optional.empty(), Optional.empty());
    NameServer there = new NameServer(server, Optional.empty(), zone.patience());
    return ((Holds) there.ask(wish.name(), wish.type())).records().toString();
  }

  @Test
  void changesAllNamesOfAVmAtOnceAndEveryServerShowsIt() throws Exception {
    assertThat(editor.point(List.of(REDIS, REDIS_6), List.of(AT_2, AT_6)))
        .isEqualTo(new Change.Verified(true));

    for (var server : List.of(zone.primary(), zone.secondaries().getFirst())) {
      assertThat(shown(server, REDIS)).isEqualTo("10.0.0.2 for 300 s");
      assertThat(shown(server, REDIS_6)).isEqualTo("fd00:0:0:0:0:0:0:2 for 300 s");
    }
  }

  @Test
  void aSecondTimeNothingChanges() throws Exception {
    editor.point(List.of(REDIS), List.of(AT_2));

    ZoneEditor afterRestart = new ZoneEditor(zone);

    assertThat(afterRestart.point(List.of(REDIS), List.of(AT_2)))
        .isEqualTo(new Change.Verified(false));
  }

  @Test
  void lowersTheTimeToLiveAndKeepsItWhenTheAddressChanges() throws Exception {
    assertThat(editor.live(List.of(REDIS), Duration.ofSeconds(5)))
        .isEqualTo(new Change.Verified(true));
    editor.point(List.of(REDIS), List.of(AT_2));

    assertThat(shown(zone.secondaries().getFirst(), REDIS)).isEqualTo("10.0.0.2 for 5 s");
  }

  @Test
  void makesANameThatDoesNotExistYetButNoTimeToLiveForNothing() throws Exception {
    assertThat(editor.live(List.of(FRESH), Duration.ofSeconds(5)))
        .isInstanceOfSatisfying(
            Change.Refused.class, refused -> assertThat(refused.code()).isEqualTo("no-record"));

    assertThat(editor.point(List.of(FRESH), List.of(AT_2))).isEqualTo(new Change.Verified(true));
    assertThat(shown(zone.primary(), FRESH)).isEqualTo("10.0.0.2 for 300 s");
  }

  @Test
  void anUpdateThatRestsOnWhatIsNoLongerTrueIsRefused() {
    NameServer primary = new NameServer(zone.primary(), zone.key(), zone.patience());
    Update stale = new Update(DnsNames.absolute("apps.example"));
    RecordWish wish = new RecordWish(REDIS, Optional.empty(), Optional.empty());
    stale.present(new ARecord(wish.name(), DClass.IN, 0, InetAddress.ofLiteral("10.9.9.9")));
    stale.delete(wish.name(), wish.type());

    assertThat(primary.update(stale))
        .isInstanceOfSatisfying(
            NameServer.Refuses.class,
            refuses -> assertThat(refuses.code()).isEqualTo(Rcode.NXRRSET));
    assertThat(shown(zone.primary(), REDIS)).isEqualTo("10.0.0.1 for 300 s");
  }

  @Test
  void ofTwoWhoChangeAtOnceNobodyOverwritesUnseen() throws Exception {
    for (int round = 0; round < 3; round++) {
      try (var both = Executors.newVirtualThreadPerTaskExecutor()) {
        Callable<Change> one =
            () -> new ZoneEditor(hasty(zone.patience())).point(List.of(REDIS), List.of(AT_1));
        Callable<Change> two =
            () -> new ZoneEditor(hasty(zone.patience())).point(List.of(REDIS), List.of(AT_2));
        List<Future<Change>> done = both.invokeAll(List.of(one, two));

        String last = shown(zone.primary(), REDIS);
        assertThat(last).isIn("10.0.0.1 for 300 s", "10.0.0.2 for 300 s");
        Change winner = done.get(last.startsWith("10.0.0.1") ? 0 : 1).get();
        assertThat(winner)
            .as("whose change stands; the secondary may lag behind two at once")
            .isNotInstanceOf(Change.Refused.class);
      }
    }
  }

  /** Waits for the secondary hardly at all, and for one answer so long. */
  private DnsZone hasty(Duration patience) {
    return new DnsZone(
        zone.name(),
        zone.primary(),
        zone.secondaries(),
        zone.key(),
        patience,
        Duration.ofMillis(300));
  }

  @Test
  void whoeverHasTheWrongKeyChangesNothing() throws Exception {
    TsigKey wrong = TsigKey.of("penumbra", "hmac-sha256", "d3Jvbmctd3Jvbmctd3Jvbmctd3Jvbmc=");
    TsigKey unknown = TsigKey.of("stranger", "hmac-sha256", NameServers.SECRET);

    for (TsigKey key : List.of(wrong, unknown)) {
      assertThat(new ZoneEditor(servers.zone(key)).point(List.of(REDIS), List.of(AT_2)))
          .isInstanceOfSatisfying(
              Change.Refused.class,
              refused -> assertThat(refused.message()).doesNotContain(NameServers.SECRET));
    }
    assertThat(shown(zone.primary(), REDIS)).isEqualTo("10.0.0.1 for 300 s");
  }

  @Test
  void aNameThatTheKeyMayNotChangeIsRefused() throws Exception {
    DnsRecord elsewhere = new DnsRecord("redis.other.example", AddressType.A, TTL);

    assertThat(editor.point(List.of(elsewhere), List.of(AT_2)))
        .isInstanceOfSatisfying(
            Change.Refused.class, refused -> assertThat(refused.code()).isEqualTo("dns-refused"));
  }

  @Test
  void aSecondaryThatDoesNotFollowLeavesDoubtAndIsNamed() throws Exception {
    String secondary = "127.0.0.1:" + zone.secondaries().getFirst().getPort();
    servers.knot().signal("STOP");
    try {
      ZoneEditor hasty = new ZoneEditor(hasty(SHORT));
      Change change = hasty.point(List.of(REDIS), List.of(AT_2));
      while (!change.toString().contains(secondary)) { // so busy was the primary, which answers
        change = hasty.point(List.of(REDIS), List.of(AT_2));
      }
      assertThat(change)
          .isInstanceOfSatisfying(
              Change.InDoubt.class, doubt -> assertThat(doubt.why()).contains(secondary));
    } finally {
      servers.knot().signal("CONT");
    }
    assertThat(editor.point(List.of(REDIS), List.of(AT_2)))
        .as("asked again, it needs no other update")
        .isEqualTo(new Change.Verified(false));
  }

  @Test
  void aPrimaryThatDoesNotAnswerHasNotBeenChanged() throws Exception {
    servers.bind().signal("STOP");
    try {
      assertThat(new ZoneEditor(hasty(SHORT)).point(List.of(REDIS), List.of(AT_2)))
          .isInstanceOfSatisfying(
              Change.Refused.class, refused -> assertThat(refused.code()).isEqualTo("unreachable"));
    } finally {
      servers.bind().signal("CONT");
    }
  }

  @Test
  void aKeyShowsItsNameOnly() {
    assertThat(servers.key()).hasToString("key penumbra");
    assertThatThrownBy(() -> TsigKey.of("penumbra", "hmac-md5", NameServers.SECRET))
        .hasMessageContaining("expected hmac-sha256");
    assertThatThrownBy(() -> TsigKey.of("penumbra", "hmac-sha256", "!!"))
        .hasMessageContaining("is not base64");
    assertThatThrownBy(() -> TsigKey.of("penumbra", "hmac-sha256", "c2hvcnQ="))
        .hasMessageContaining("expected 16 or more");
    assertThatThrownBy(() -> TsigKey.read(directory.resolve("named.log")))
        .hasMessageContaining("holds no key");
  }
}
