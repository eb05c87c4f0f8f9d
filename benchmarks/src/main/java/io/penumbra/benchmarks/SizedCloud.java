package io.penumbra.benchmarks;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The APIs of an OpenStack cloud that only stands there: Keystone's token, Nova's services,
 * hypervisors, aggregates and servers in pages of a thousand, Placement's providers and traits.
 * Every other server is the complete cold shadow of the one before it, in another rack. Nothing can
 * be changed.
 */
final class SizedCloud implements AutoCloseable {

  private static final int PAGE = 1_000;
  private static final int RACKS = 20;
  private static final Pattern MARKER = Pattern.compile("marker=(\\d+)");

  private final HttpServer http;
  private final ExecutorService threads = Executors.newFixedThreadPool(8);
  private final int hosts;
  private final int servers;
  private final List<Reading> readings = new ArrayList<>();
  private long begun;
  private long own;
  private long calls;
  private long bytes;
  private boolean reading;

  /**
   * One time that everything was read, from the first question to the last answer.
   *
   * @param ownSeconds what of it this cloud took to answer
   */
  record Reading(double seconds, long calls, long bytes, double ownSeconds) {}

  private SizedCloud(HttpServer http, int hosts, int servers) {
    this.http = http;
    this.hosts = hosts;
    this.servers = servers;
  }

  static SizedCloud start(int hosts, int servers) throws IOException {
    System.setProperty("sun.net.httpserver.nodelay", "true");
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    SizedCloud cloud = new SizedCloud(http, hosts, servers);
    http.createContext("/", cloud::answer);
    http.setExecutor(cloud.threads);
    http.start();
    return cloud;
  }

  int hosts() {
    return hosts;
  }

  int servers() {
    return servers;
  }

  String keystone() {
    return base() + "/v3";
  }

  static String host(int number) {
    return "compute-%04d".formatted(number);
  }

  synchronized List<Reading> readings() {
    return List.copyOf(readings);
  }

  private String base() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String query = String.valueOf(exchange.getRequestURI().getQuery());
      exchange.getRequestBody().readAllBytes();
      boolean whole = path.endsWith("/servers/detail") && !isPart(query);
      long from = System.nanoTime();
      if (path.endsWith("/os-aggregates")) {
        begin(from);
      }
      byte[] body = body(path, query).getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.getResponseHeaders().set("X-Subject-Token", "token");
      boolean login = path.endsWith("/auth/tokens");
      exchange.sendResponseHeaders(body.length == 0 ? 404 : login ? 201 : 200, body.length);
      exchange.getResponseBody().write(body);
      count(from, body.length, whole && !new String(body, StandardCharsets.UTF_8).contains("next"));
    }
  }

  private synchronized void begin(long at) {
    begun = at;
    own = 0;
    calls = 0;
    bytes = 0;
    reading = true;
  }

  private synchronized void count(long from, int length, boolean last) {
    long now = System.nanoTime();
    own += now - from;
    calls++;
    bytes += length;
    if (last && reading) {
      reading = false;
      readings.add(new Reading((now - begun) / 1e9, calls, bytes, own / 1e9));
    }
  }

  /** Asks for changes, of which there are none, or for servers by a name that none has. */
  private static boolean isPart(String query) {
    return query.contains("changes-since=") || query.contains("name=");
  }

  private String body(String path, String query) {
    if (path.endsWith("/auth/tokens")) {
      return token();
    }
    if (path.endsWith("/servers/detail")) {
      return isPart(query) ? "{\"servers\":[]}" : page(query);
    }
    if (path.endsWith("/traits")) {
      return "{\"traits\":[\"HW_CPU_X86_AVX2\",\"HW_CPU_X86_SSE42\",\"COMPUTE_NODE\"]}";
    }
    return switch (path.substring(path.lastIndexOf('/') + 1)) {
      case "os-server-groups" -> "{\"server_groups\":[]}";
      case "os-aggregates" -> list("aggregates", RACKS, this::aggregate);
      case "resource_providers" -> list("resource_providers", hosts, SizedCloud::provider);
      case "os-services" -> list("services", hosts, SizedCloud::service);
      case "detail" -> list("hypervisors", hosts, SizedCloud::hypervisor);
      default -> "";
    };
  }

  private static String list(String name, int count, IntFunction<String> one) {
    return "{\"%s\":[%s]}".formatted(name, each(0, count, one));
  }

  private static String each(int from, int to, IntFunction<String> one) {
    return IntStream.range(from, to).mapToObj(one).collect(Collectors.joining(","));
  }

  private String token() {
    String services =
        "{\"type\":\"compute\",\"id\":\"c\",\"name\":\"nova\",\"endpoints\":[%s]},"
                .formatted(endpoint("/v2.1"))
            + "{\"type\":\"placement\",\"id\":\"p\",\"name\":\"placement\",\"endpoints\":[%s]}"
                .formatted(endpoint("/placement"));
    return "{\"token\":{\"methods\":[\"password\"],\"expires_at\":\"2099-01-01T00:00:00.000000Z\",\"issued_at\":\"2026-01-01T00:00:00.000000Z\",\"project\":{\"id\":\"ours\",\"name\":\"service\"},\"catalog\":[%s]}}"
        .formatted(services);
  }

  private String endpoint(String path) {
    return "{\"interface\":\"public\",\"region\":\"RegionOne\",\"region_id\":\"RegionOne\",\"id\":\"e\",\"url\":\"%s\"}"
        .formatted(base() + path);
  }

  private String aggregate(int rack) {
    String members =
        IntStream.range(0, hosts)
            .filter(i -> i % RACKS == rack)
            .mapToObj(i -> "\"" + host(i) + "\"")
            .collect(Collectors.joining(","));
    return "{\"id\":%d,\"name\":\"rack-%02d\",\"availability_zone\":null,\"hosts\":[%s],\"metadata\":{\"penumbra:rack\":\"rack-%02d\"}}"
        .formatted(rack + 1, rack, members, rack);
  }

  private static String provider(int i) {
    return "{\"uuid\":\"rp%d\",\"name\":\"%s\",\"generation\":1,\"root_provider_uuid\":\"rp%d\",\"parent_provider_uuid\":null}"
        .formatted(i, host(i), i);
  }

  private static String service(int i) {
    return "{\"id\":\"s%d\",\"binary\":\"nova-compute\",\"host\":\"%s\",\"zone\":\"nova\",\"status\":\"enabled\",\"state\":\"up\",\"forced_down\":false,\"disabled_reason\":null,\"updated_at\":\"%s\"}"
        .formatted(i, host(i), CloudAtSize.now());
  }

  private static String hypervisor(int i) {
    return "{\"id\":\"n%d\",\"hypervisor_hostname\":\"%s\",\"state\":\"up\",\"status\":\"enabled\",\"service\":{\"host\":\"%s\"},\"vcpus\":64,\"memory_mb\":262144,\"local_gb\":4000,\"hypervisor_type\":\"QEMU\",\"hypervisor_version\":7002000,\"cpu_info\":{\"model\":\"EPYC\"}}"
        .formatted(i, host(i), host(i));
  }

  private String page(String query) {
    Matcher marker = MARKER.matcher(query);
    int from = marker.find() ? Integer.parseInt(marker.group(1)) + 1 : 0;
    int to = Math.min(servers, from + PAGE);
    String more =
        to < servers
            ? ",\"servers_links\":[{\"rel\":\"next\",\"href\":\"%s/v2.1/servers/detail?all_tenants=1&limit=1000&marker=%d\"}]"
                .formatted(base(), to - 1)
            : "";
    return "{\"servers\":[%s]%s}".formatted(each(from, to, this::server), more);
  }

  /** As long as Nova's own answer is, some 1.7 kB. */
  private String server(int i) {
    int machine = i / 2;
    boolean shadow = i % 2 == 1;
    int on = (machine + (shadow ? 1 : 0)) % hosts;
    String marks =
        shadow
            ? "\"penumbra:shadow-of\":\"vm%d\",\"penumbra:state\":\"complete\",\"penumbra:term\":\"0\",\"penumbra:mode\":\"cold\",\"penumbra:resident\":\"0,0,0\""
                .formatted(machine)
            : "\"owner\":\"somebody\"";
    return "{\"id\":\"%s%d\",\"name\":\"server-%d\",\"status\":\"%s\",\"tenant_id\":\"%s\",\"user_id\":\"u1\",\"metadata\":{%s},\"image\":{\"id\":\"img\",\"links\":[{\"rel\":\"bookmark\",\"href\":\"%s\"}]},\"flavor\":{\"vcpus\":1,\"ram\":512,\"disk\":1,\"ephemeral\":0,\"swap\":0,\"original_name\":\"m1\",\"extra_specs\":{\"penumbra:mode\":\"cold\"}},\"created\":\"2026-01-01T00:00:00Z\",\"updated\":\"2026-01-01T00:00:00Z\",\"addresses\":{\"net\":[{\"version\":4,\"addr\":\"10.0.0.1\",\"OS-EXT-IPS:type\":\"fixed\",\"OS-EXT-IPS-MAC:mac_addr\":\"fa:16:3e:00:00:00\"}]},\"accessIPv4\":\"\",\"accessIPv6\":\"\",\"links\":[{\"rel\":\"self\",\"href\":\"%s\"},{\"rel\":\"bookmark\",\"href\":\"%s\"}],\"OS-DCF:diskConfig\":\"MANUAL\",\"progress\":0,\"OS-EXT-AZ:availability_zone\":\"nova\",\"config_drive\":\"\",\"key_name\":null,\"OS-SRV-USG:launched_at\":\"2026-01-01T00:00:00.000000\",\"OS-SRV-USG:terminated_at\":null,\"OS-EXT-SRV-ATTR:host\":\"%s\",\"OS-EXT-SRV-ATTR:instance_name\":\"instance-%08x\",\"OS-EXT-SRV-ATTR:hypervisor_hostname\":\"%s\",\"OS-EXT-STS:task_state\":null,\"OS-EXT-STS:vm_state\":\"%s\",\"OS-EXT-STS:power_state\":%d,\"os-extended-volumes:volumes_attached\":[],\"locked\":false,\"host_status\":\"UP\",\"tags\":[],\"description\":null}"
        .formatted(
            shadow ? "sh" : "vm",
            machine,
            i,
            shadow ? "SHUTOFF" : "ACTIVE",
            shadow ? "ours" : "p1",
            marks,
            "x".repeat(80),
            "x".repeat(100),
            "x".repeat(100),
            host(on),
            i,
            host(on),
            shadow ? "stopped" : "active",
            shadow ? 4 : 1);
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
