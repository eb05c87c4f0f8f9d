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
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import io.penumbra.adapter.openstack.api.Login;
import io.penumbra.domain.HostId;
import io.penumbra.domain.event.Event;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A cloud's APIs, of which each test says how they answer. */
final class StubCloud implements AutoCloseable {

  final WireMockServer http = new WireMockServer(WireMockConfiguration.options().dynamicPort());
  final BlockingQueue<Event> told = new LinkedBlockingQueue<>();

  StubCloud() {
    http.start();
    http.stubFor(any(anyUrl()).atPriority(100).willReturn(aResponse().withStatus(404)));
    http.stubFor(post(urlPathEqualTo("/v3/auth/tokens")).willReturn(token("first")));
    list("/v2.1/os-server-groups", "server_groups", "");
    list("/v2.1/os-aggregates", "aggregates", "");
    list("/placement/resource_providers", "resource_providers", "");
    list("/v2.1/servers/detail", "servers", "");
    hosts(2);
  }

  com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder token(String id) {
    return aResponse()
        .withStatus(201)
        .withHeader("X-Subject-Token", id)
        .withHeader("Content-Type", "application/json")
        .withBody(
            "{\"token\":{\"methods\":[\"password\"],\"expires_at\":\"2099-01-01T00:00:00.000000Z\",\"issued_at\":\"2026-01-01T00:00:00.000000Z\",\"catalog\":["
                + service("compute", "/v2.1")
                + ","
                + service("placement", "/placement")
                + ","
                + service("load-balancer", "/lb")
                + ","
                + service("dns", "/dns")
                + "]}}");
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
    list(
        "/v2.1/os-hypervisors/detail",
        "hypervisors",
        each(
            count,
            i ->
                "{\"id\":\"n%d\",\"hypervisor_hostname\":\"hv-%d\",\"service\":{\"host\":\"hv-%d\"},\"vcpus\":64,\"memory_mb\":262144,\"local_gb\":4000,\"hypervisor_type\":\"QEMU\",\"hypervisor_version\":7002000,\"cpu_info\":{\"model\":\"EPYC\"}}"
                    .formatted(i, i, i)));
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

  static String server(String id, int host, String status, String metadata) {
    return "{\"id\":\"%s\",\"name\":\"%s\",\"status\":\"%s\",\"tenant_id\":\"p1\",\"metadata\":{%s},\"image\":{\"id\":\"img\"},\"flavor\":{\"vcpus\":1,\"ram\":512,\"disk\":1,\"ephemeral\":0,\"original_name\":\"m1\",\"extra_specs\":{\"penumbra:mode\":\"cold\"}},\"created\":\"2026-01-01T00:00:00Z\",\"addresses\":{\"net\":[{\"addr\":\"10.0.0.%d\"}]},\"OS-EXT-SRV-ATTR:host\":\"hv-%d\",\"OS-EXT-STS:vm_state\":\"active\",\"OS-EXT-STS:power_state\":1,\"OS-EXT-STS:task_state\":null,\"tags\":[]}"
        .formatted(id, id, status, metadata, host + 1, host);
  }

  void servers(String... servers) {
    list("/v2.1/servers/detail", "servers", String.join(",", servers));
    for (String server : servers) {
      String id = server.substring(7, server.indexOf('"', 7));
      http.stubFor(
          get(urlPathEqualTo("/v2.1/servers/" + id))
              .willReturn(okJson("{\"server\":" + server + "}")));
    }
  }

  Login login() {
    return new Login(
        URI.create(base() + "/v3"),
        "penumbra",
        "secret",
        "default",
        "service",
        "default",
        "RegionOne",
        Duration.ofSeconds(2),
        Duration.ofSeconds(2));
  }

  OpenStackCloud cloud(OpenStackSettings settings) {
    return new OpenStackCloud(
        login(),
        settings,
        new PolicyResolver(PolicyRules.none()),
        told::add,
        (HostId host, Instant at) -> {},
        () -> {},
        InstantSource.system());
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
        Duration.ofSeconds(5));
  }

  static List<String> names(List<? extends Event> events) {
    return events.stream().map(event -> event.getClass().getSimpleName()).toList();
  }

  @Override
  public void close() {
    http.stop();
  }
}
