package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.okJson;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.github.tomakehurst.wiremock.extension.ResponseDefinitionTransformerV2;
import com.github.tomakehurst.wiremock.http.ResponseDefinition;
import com.github.tomakehurst.wiremock.stubbing.ServeEvent;
import com.github.tomakehurst.wiremock.stubbing.StubMapping;
import io.penumbra.adapter.openstack.api.Login;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Event;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A cloud's APIs, of which each test says how they answer. */
final class StubCloud implements AutoCloseable {

  private final Keeper keeper = new Keeper();

  final WireMockServer http =
      new WireMockServer(
          WireMockConfiguration.options()
              .dynamicPort()
              .containerThreads(64) // so that answers that are kept back leave some for the others
              .extensions(keeper));
  final BlockingQueue<Event> told = new LinkedBlockingQueue<>();

  private final List<StubMapping> shown = new ArrayList<>();
  private boolean network;
  private boolean volumes;

  StubCloud() {
    http.start();
    http.stubFor(any(anyUrl()).atPriority(100).willReturn(aResponse().withStatus(404)));
    absent("/v2.1/.*", "{\"itemNotFound\":{\"code\":404,\"message\":\"It could not be found.\"}}");
    absent(
        "/image/.*",
        "{\"message\":\"No image found<br /><br />\",\"code\":\"404 Not Found\",\"title\":\"Not Found\"}");
    absent(
        "/network/.*",
        "{\"NeutronError\":{\"type\":\"PortNotFound\",\"message\":\"none\",\"detail\":\"\"}}");
    absent(
        "/lb/.*", "{\"code\":404,\"title\":\"Bad Request\",\"description\":\"Pool p not found.\"}");
    absent("/volume/.*", "{\"itemNotFound\":{\"code\":404,\"message\":\"none\"}}");
    absent("/dns/.*", "{\"code\":404,\"type\":\"recordset_not_found\",\"message\":\"not found\"}");
    http.stubFor(post(urlPathEqualTo("/v3/auth/tokens")).willReturn(token("first")));
    list("/v2.1/os-server-groups", "server_groups", "");
    list("/v2.1/os-aggregates", "aggregates", "");
    list("/placement/resource_providers", "resource_providers", "");
    list("/v2.1/servers/detail", "servers", "");
    list("/image/v2/images", "images", "");
    hosts(2);
  }

  /** What a service says of what there is not. */
  private void absent(String paths, String body) {
    http.stubFor(
        any(urlPathMatching(paths)).atPriority(99).willReturn(okJson(body).withStatus(404)));
  }

  ResponseDefinitionBuilder token(String id) {
    return aResponse()
        .withStatus(201)
        .withHeader("X-Subject-Token", id)
        .withHeader("Content-Type", "application/json")
        .withBody(
            "{\"token\":{\"methods\":[\"password\"],\"expires_at\":\"2099-01-01T00:00:00.000000Z\",\"issued_at\":\"2026-01-01T00:00:00.000000Z\",\"project\":{\"id\":\"ours\",\"name\":\"service\"},\"catalog\":["
                + service("compute", "/v2.1")
                + ","
                + service("placement", "/placement")
                + ","
                + service("load-balancer", "/lb")
                + ","
                + service("dns", "/dns")
                + ","
                + service("image", "/image")
                + (network ? "," + service("network", "/network") : "")
                + (volumes ? "," + service("volumev3", "/volume/v3/ours") : "")
                + "]}}");
  }

  /** From now on tokens say that there is a Neutron. */
  void withNetwork() {
    network = true;
    http.stubFor(post(urlPathEqualTo("/v3/auth/tokens")).willReturn(token("first")));
  }

  /** From now on tokens say that there is a Cinder. */
  void withVolumes() {
    volumes = true;
    http.stubFor(post(urlPathEqualTo("/v3/auth/tokens")).willReturn(token("first")));
  }

  private String service(String type, String path) {
    return "{\"type\":\"%s\",\"id\":\"%s\",\"name\":\"%s\",\"endpoints\":[{\"interface\":\"public\",\"region\":\"RegionOne\",\"region_id\":\"RegionOne\",\"id\":\"e\",\"url\":\"%s\"}]}"
        .formatted(type, type, type.equals("load-balancer") ? "octavia" : type, base() + path);
  }

  String base() {
    return "http://127.0.0.1:" + http.port();
  }

  void list(String path, String name, String things) {
    http.stubFor(
        get(urlPathEqualTo(path)).willReturn(okJson("{\"%s\":[%s]}".formatted(name, things))));
  }

  /** So many hosts, all of them well. */
  void hosts(int count) {
    services(count, "up", false);
    hypervisors(count);
  }

  private static String nodes(int count) {
    return each(
        count,
        i ->
            "{\"id\":\"n%d\",\"hypervisor_hostname\":\"hv-%d\",\"service\":{\"host\":\"hv-%d\"},\"vcpus\":64,\"memory_mb\":262144,\"local_gb\":4000,\"hypervisor_type\":\"QEMU\",\"hypervisor_version\":7002000,\"cpu_info\":{\"model\":\"EPYC\"}}"
                .formatted(i, i, i));
  }

  /** Who asks for so many hypervisors has to wait until answers are released. */
  void heldHypervisors(int count) {
    http.stubFor(
        get(urlPathEqualTo("/v2.1/os-hypervisors/detail"))
            .willReturn(held(okJson("{\"hypervisors\":[%s]}".formatted(nodes(count))))));
  }

  private void hypervisors(int count) {
    list("/v2.1/os-hypervisors/detail", "hypervisors", nodes(count));
    list(
        "/placement/resource_providers",
        "resource_providers",
        each(
            count, i -> "{\"uuid\":\"rp%d\",\"name\":\"hv-%d\",\"generation\":1}".formatted(i, i)));
    http.stubFor(
        get(urlPathMatching("/placement/resource_providers/[^/]+/traits"))
            .willReturn(okJson("{\"traits\":[\"HW_CPU_X86_AVX2\"]}")));
    http.stubFor(
        get(urlPathEqualTo("/placement/allocation_candidates"))
            .willReturn(okJson("{\"allocation_requests\":[{}]}")));
  }

  void services(int count, String state, boolean forcedDown) {
    list(
        "/v2.1/os-services",
        "services",
        each(
            count,
            i ->
                "{\"id\":\"s%d\",\"binary\":\"nova-compute\",\"host\":\"hv-%d\",\"zone\":\"az%d\",\"status\":\"enabled\",\"state\":\"%s\",\"forced_down\":%s,\"disabled_reason\":null,\"updated_at\":\"%s\"}"
                    .formatted(
                        i,
                        i,
                        i % 2,
                        state,
                        forcedDown,
                        Instant.now().toString().substring(0, 19))));
  }

  static String each(int count, java.util.function.IntFunction<String> one) {
    return IntStream.range(0, count).mapToObj(one).collect(Collectors.joining(","));
  }

  /** One of a tenant's, unless it says whose shadow it is: those are made in our own project. */
  static String server(String id, int host, String status, String metadata) {
    String tenant = metadata.contains("penumbra:shadow-of") ? "ours" : "p1";
    return "{\"id\":\"%s\",\"name\":\"%s\",\"status\":\"%s\",\"tenant_id\":\"%s\",\"metadata\":{%s},\"image\":{\"id\":\"img\"},\"flavor\":{\"vcpus\":1,\"ram\":512,\"disk\":1,\"ephemeral\":0,\"original_name\":\"m1\",\"extra_specs\":{\"penumbra:mode\":\"cold\"}},\"created\":\"2026-01-01T00:00:00Z\",\"addresses\":{\"net\":[{\"addr\":\"10.0.0.%d\"}]},\"OS-EXT-SRV-ATTR:host\":\"hv-%d\",\"OS-EXT-STS:vm_state\":\"active\",\"OS-EXT-STS:power_state\":1,\"OS-EXT-STS:task_state\":null,\"tags\":[]}"
        .formatted(id, id, status, tenant, metadata, host + 1, host);
  }

  /** These servers, and no others. */
  void servers(String... servers) {
    List<StubMapping> before = List.copyOf(shown);
    shown.clear();
    for (String server : servers) {
      String id = server.substring(7, server.indexOf('"', 7));
      shown.add(
          http.stubFor(
              get(urlPathEqualTo("/v2.1/servers/" + id))
                  .willReturn(okJson("{\"server\":" + server + "}"))));
    }
    before.forEach(http::removeStub);
    listed(servers);
  }

  /** A list with these servers; there may be others. */
  void listed(String... servers) {
    list("/v2.1/servers/detail", "servers", String.join(",", servers));
  }

  /** All that Nova tells of a server in a cell that does not answer. */
  static String untold(String id) {
    return "{\"id\":\"%s\",\"status\":\"UNKNOWN\",\"tenant_id\":\"p1\",\"created\":\"2026-01-01T00:00:00Z\",\"links\":[]}"
        .formatted(id);
  }

  /** Enough for a slow machine: only what is told of time-outs needs less. */
  Login login() {
    return login(Duration.ofSeconds(60));
  }

  Login login(Duration answer) {
    return new Login(
        URI.create(base() + "/v3"),
        "penumbra",
        "secret",
        "default",
        "service",
        "default",
        "RegionOne",
        answer,
        answer,
        Duration.ofSeconds(60));
  }

  OpenStackCloud cloud(OpenStackSettings settings) {
    return cloud(settings, InstantSource.system());
  }

  OpenStackCloud cloud(OpenStackSettings settings, InstantSource clock) {
    return cloud(settings, Optional.empty(), clock);
  }

  OpenStackCloud cloud(OpenStackSettings settings, Optional<Path> inventory, InstantSource clock) {
    return new OpenStackCloud(
        login(),
        settings,
        new PolicyResolver(PolicyRules.none()),
        told::add,
        (HostId host, Instant at) -> {},
        () -> {},
        inventory,
        clock);
  }

  /** Nothing is asked for by itself within a test's life, except where it is what is tested. */
  static OpenStackSettings still() {
    OpenStackSettings usual = OpenStackSettings.defaults();
    return new OpenStackSettings(
        usual.reportInterval(),
        Duration.ofHours(1),
        Duration.ofHours(1),
        Duration.ofHours(1),
        OpenStackSettings.ColdSource.IMAGE,
        false,
        false,
        OpenStackSettings.Retire.DELETE,
        usual.refresh(),
        Duration.ofSeconds(30));
  }

  /** States are cut of primaries, no sooner than so long after the one before. */
  static OpenStackSettings cutting(Duration shortest, int atOnce) {
    return cutting(shortest, atOnce, still().serverWithin());
  }

  static OpenStackSettings cutting(Duration shortest, int atOnce, Duration serverWithin) {
    OpenStackSettings still = still();
    return new OpenStackSettings(
        still.reportInterval(),
        still.servicesEvery(),
        still.changesEvery(),
        still.everythingEvery(),
        OpenStackSettings.ColdSource.SNAPSHOT,
        false,
        false,
        still.retire(),
        new OpenStackSettings.Refresh(shortest, atOnce, Duration.ofSeconds(60)),
        serverWithin);
  }

  /** Slow machines are slow: this only ends what hangs. */
  static void waitFor(BooleanSupplier there) throws InterruptedException {
    for (int i = 0; i < 2_400; i++) {
      if (there.getAsBoolean()) {
        return;
      }
      Thread.sleep(50);
    }
    throw new AssertionError("it did not happen within two minutes");
  }

  static List<String> names(List<? extends Event> events) {
    return events.stream().map(event -> event.getClass().getSimpleName()).toList();
  }

  /** An answer that is kept back until they are released, or the test ends. */
  static ResponseDefinitionBuilder held(ResponseDefinitionBuilder answer) {
    return answer.withTransformers(Keeper.NAME);
  }

  /** Waits until so many more questions have come whose answers are kept back. */
  void awaitHeld(int questions) throws InterruptedException {
    if (!keeper.came.tryAcquire(questions, 60, TimeUnit.SECONDS)) {
      throw new AssertionError(
          "%d of %d questions came within 60 s"
              .formatted(keeper.came.availablePermits(), questions));
    }
  }

  /** From now on nothing is kept back, nor what was so far. */
  void release() {
    keeper.gate.countDown();
  }

  /** Keeps answers back. */
  private static final class Keeper implements ResponseDefinitionTransformerV2 {
    static final String NAME = "held";

    private final Semaphore came = new Semaphore(0);
    private final CountDownLatch gate = new CountDownLatch(1);

    @Override
    public ResponseDefinition transform(ServeEvent event) {
      came.release();
      try {
        gate.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return event.getResponseDefinition();
    }

    @Override
    public boolean applyGlobally() {
      return false;
    }

    @Override
    public String getName() {
      return NAME;
    }
  }

  @Override
  public void close() {
    release();
    http.stop();
  }
}
