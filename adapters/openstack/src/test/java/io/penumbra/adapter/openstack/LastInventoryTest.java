package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.adapter.openstack.api.CloudUnavailableException;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.fleet.HostCondition;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.scheduler.port.Cloud.HostReport;
import io.penumbra.scheduler.port.Cloud.VmReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Penumbra is started anew while a cell of Nova's is down. */
class LastInventoryTest {

  private static final Logger LOG = Logger.getLogger("io.penumbra.adapter.openstack");

  @TempDir private Path dir = Path.of("replaced by JUnit");

  private final StubCloud stub = new StubCloud();
  private final Listener log = new Listener();

  @BeforeEach
  void listen() {
    LOG.addHandler(log);
  }

  @AfterEach
  void close() {
    LOG.removeHandler(log);
    stub.close();
  }

  @Test
  void aStartWhileACellIsDownGoesByTheHostsOfBefore() throws Exception {
    stub.hosts(4);
    stub.servers(server("vm1", 0, "ACTIVE", ""));
    String group = "{\"id\":\"g1\",\"members\":[\"vm1\"]}";
    stub.list("/v2.1/os-server-groups", "server_groups", group);
    List<HostReport> before = firstStart();
    cellOfHv2IsDown();
    stub.list("/v2.1/flavors/detail", "flavors", "{\"id\":\"f1\",\"name\":\"m1\"}");
    stub.http.stubFor(
        post(urlPathEqualTo("/v2.1/servers"))
            .willReturn(
                okJson("{\"forbidden\":{\"message\":\"Quota exceeded\"}}").withStatus(403)));
    Files.setLastModifiedTime(file(), FileTime.from(Instant.now().minusSeconds(4_000)));

    try (OpenStackCloud cloud = start()) {
      assertThat(cloud.snapshot().hosts())
          .as("of hv-2 nobody knows a thing; hv-3 is what its service says")
          .containsExactly(
              before.get(0),
              before.get(1),
              new HostReport(before.get(3).host(), HostCondition.DOWN));
      VmReport vm = cloud.snapshot().vms().getFirst();
      assertThat(vm.vm().groups()).containsExactly(GroupId.of("g1"));
      assertThat(log.said("goes by the 3 hosts of an earlier run")).hasSize(1);
      assertThat(log.said("as they were told 40\\d\\d s ago")).hasSize(1);
      cloud.execute(
          new Command.CreateShadow(
              CommandId.of("c1"),
              VmId.of("vm1"),
              HostId.of("hv-0"),
              HostId.of("hv-1"),
              ShadowMode.COLD,
              Resources.NONE,
              Duration.ofSeconds(60),
              false));
      assertThat(outcome())
          .isInstanceOfSatisfying(
              Outcome.Failed.class, no -> assertThat(no.code()).isEqualTo("over-quota"));
      stub.http.verify(1, postRequestedFor(urlPathEqualTo("/v2.1/servers")));

      stub.hosts(4);
      stub.list("/v2.1/os-server-groups", "server_groups", group);
      cloud.readEverything();
      assertThat(cloud.snapshot().hosts()).isEqualTo(before);
    }
    assertThat(Files.getLastModifiedTime(file()).toInstant())
        .isAfter(Instant.now().minusSeconds(600));
  }

  @Test
  void aServerThatIsKeptOffIsNotTakenForItsVmBeforeAllIsSeen() throws Exception {
    stub.hosts(3);
    firstStart();
    cellOfHv2IsDown();
    String old =
        server("vm1", 0, "ERROR", "")
            .replace(
                "\"tags\":[]",
                "\"tags\":[],\"locked\":true,\"locked_reason\":\"penumbra keeps it off for vm1\"");
    stub.servers(old, StubCloud.untold("new"));
    try (OpenStackCloud cloud = start()) {
      assertThat(cloud.snapshot().vms()).isEmpty();

      stub.hosts(3);
      stub.servers(
          old,
          server(
              "new",
              2,
              "ACTIVE",
              "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"primary\",\"penumbra:term\":\"1\""));
      cloud.readEverything();
      cloud.readEverything();
      assertThat(cloud.snapshot().vms())
          .singleElement()
          .satisfies(vm -> assertThat(vm.host()).isEqualTo(HostId.of("hv-2")));
      assertThat(StubCloud.names(cloud.events(0, 100).events())).doesNotContain("GuestFailed");
    }
  }

  @Test
  void theFirstStartEverNeedsEverything() {
    cellOfHv2IsDown();
    try (OpenStackCloud cloud = start()) {
      assertThatThrownBy(cloud::snapshot).isInstanceOf(CloudUnavailableException.class);
    }
    assertThat(dir).isEmptyDirectory();
  }

  @Test
  void whatWasToldWhileHostsWereHiddenIsNotKept() throws Exception {
    stub.hosts(3);
    firstStart();
    byte[] before = Files.readAllBytes(file());
    hv2IsHidden();
    try (OpenStackCloud cloud = start()) {
      cloud.readEverything();
      assertThat(cloud.snapshot().hosts()).hasSize(2);
    }
    assertThat(Files.readAllBytes(file())).isEqualTo(before);
  }

  @Test
  void aFileThatCannotBeReadIsToldAndIgnored() throws Exception {
    firstStart();
    String good = Files.readString(file());
    for (String bad :
        List.of("", "{\"format\":1,", "null", good.replace("\"format\":1", "\"format\":2"))) {
      Files.writeString(file(), bad);
      log.forget();
      stub.http.stubFor(
          get(urlPathEqualTo("/v2.1/os-hypervisors/detail"))
              .willReturn(aResponse().withStatus(500)));
      try (OpenStackCloud cloud = start()) {
        assertThatThrownBy(cloud::snapshot).isInstanceOf(CloudUnavailableException.class);
      }
      assertThat(log.said("hosts of an earlier run can't be read and are forgotten: .*inventory"))
          .as(bad)
          .hasSize(1);
    }
    stub.hosts(2);
    firstStart();
    assertThat(file()).hasContent(good);
  }

  @Test
  void whatIsTheSameIsNotWrittenAgain() throws Exception {
    List<HostReport> hosts = firstStart();
    Object before = Files.getAttribute(file(), "unix:ino");
    LastInventory again = new LastInventory(Optional.of(file()), InstantSource.system());

    again.tell(hosts, Map.of());
    assertThat(Files.getAttribute(file(), "unix:ino")).isEqualTo(before);
    again.tell(hosts.subList(0, 1), Map.of());
    assertThat(Files.getAttribute(file(), "unix:ino")).isNotEqualTo(before);
  }

  private List<HostReport> firstStart() throws Exception {
    try (OpenStackCloud cloud = start()) {
      cloud.readEverything();
      assertThat(file()).isRegularFile();
      return cloud.snapshot().hosts();
    }
  }

  private OpenStackCloud start() {
    return stub.cloud(StubCloud.still(), Optional.of(file()), InstantSource.system());
  }

  private Path file() {
    return dir.resolve("inventory.json");
  }

  /** As Nova 26 answers then. */
  private void cellOfHv2IsDown() {
    hv2IsHidden();
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/os-server-groups")).willReturn(aResponse().withStatus(500)));
    stub.http.stubFor(
        get(urlPathEqualTo("/v2.1/os-hypervisors/detail")).willReturn(aResponse().withStatus(500)));
  }

  /** Of that host there is but a name; two others are up, hv-3 is silent. */
  private void hv2IsHidden() {
    stub.list(
        "/v2.1/os-services",
        "services",
        service("hv-0", "up")
            + ","
            + service("hv-1", "up")
            + ","
            + service("hv-3", "down")
            + ",{\"binary\":\"nova-compute\",\"host\":\"hv-2\",\"status\":\"UNKNOWN\"}");
  }

  private static String service(String host, String state) {
    return "{\"id\":\"s-%s\",\"binary\":\"nova-compute\",\"host\":\"%s\",\"zone\":\"az0\",\"status\":\"enabled\",\"state\":\"%s\",\"forced_down\":false,\"updated_at\":\"2026-01-01T00:00:00\"}"
        .formatted(host, host, state);
  }

  private Outcome outcome() throws InterruptedException {
    Event event = stub.told.poll(120, TimeUnit.SECONDS);
    assertThat(event).isInstanceOf(Event.CommandReported.class);
    return ((Event.CommandReported) java.util.Objects.requireNonNull(event)).outcome();
  }

  /** What was said in the log. */
  private static final class Listener extends Handler {
    private final List<String> lines = new ArrayList<>();

    @Override
    public synchronized void publish(LogRecord said) {
      lines.add(new java.util.logging.SimpleFormatter().formatMessage(said));
    }

    synchronized void forget() {
      lines.clear();
    }

    synchronized List<String> said(String pattern) {
      return lines.stream()
          .filter(line -> java.util.regex.Pattern.compile(pattern).matcher(line).find())
          .toList();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
