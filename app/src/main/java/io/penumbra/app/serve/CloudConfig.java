package io.penumbra.app.serve;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.penumbra.web.PemFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which cloud is looked after; {@code kind} tells them apart. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
  @JsonSubTypes.Type(value = CloudConfig.Agents.class, name = "agents"),
  @JsonSubTypes.Type(value = CloudConfig.OpenStack.class, name = "openstack")
})
sealed interface CloudConfig {

  /** Whether the cloud itself can tell who may call the API. */
  default boolean knowsCallers() {
    return false;
  }

  /** How long it is at least from one state of a VM to the next, if there is such a bound. */
  default Optional<Duration> statesApart() {
    return Optional.empty();
  }

  /** Hosts with node agents and QEMU guests, and no cloud above them. Hosts come by themselves. */
  record Agents(
      @About("token that agents show and are shown: file:PATH or env:NAME") String token,
      @About(value = "how agents are called with TLS", otherwise = "agents' addresses are http://")
          Optional<AgentTls> tls,
      @About(
              value =
                  "how long a primary serves without hearing anybody, as PT3S; the same for every agent",
              otherwise = "PT3S")
          Optional<Duration> lease,
      @About(
              value = "hosts by name",
              otherwise = "none is switched off, and each is reached where its agent is")
          Optional<Map<String, AgentHost>> hosts,
      @About(value = "load balancers and name servers that follow VMs", otherwise = "none")
          Optional<Traffic> traffic)
      implements CloudConfig {}

  /** What the control plane shows to agents, and whom it takes for one. */
  record AgentTls(
      @About("PEM file: its certificate, then who signed it") String certificate,
      @About("PEM file: its key, PKCS #8, not encrypted") String key,
      @About(
              value = "PEM file: who must have signed agents' certificates",
              otherwise = "whom this machine trusts")
          Optional<String> authority) {

    PemFiles files() {
      return new PemFiles(Path.of(certificate), Path.of(key), authority.map(Path::of));
    }
  }

  /** One host. */
  record AgentHost(
      @About(
              value = "where its VMs' services are reached",
              otherwise = "nowhere: nothing can be pointed at it")
          Optional<String> address,
      @About(value = "its management controller", otherwise = "it can't be switched off")
          Optional<Bmc> redfish) {}

  /** A management controller that speaks Redfish. */
  record Bmc(
      @About("https://...") String url,
      @About(value = "path of its system, /redfish/v1/Systems/...", otherwise = "its only one")
          Optional<String> system,
      @About(value = "file of user and password", otherwise = "no login") Optional<String> login,
      @About(
              value = "SHA-256 fingerprint of its certificate",
              otherwise = "whom this machine trusts")
          Optional<String> fingerprint) {}

  /** Who is told where a VM is. */
  record Traffic(
      @About(value = "HAProxy runtime API sockets by a name of ours", otherwise = "none")
          Optional<Map<String, Balancer>> haproxy,
      @About(value = "zones by name", otherwise = "none") Optional<Map<String, Zone>> dns,
      @About("VMs by id: their slots and records") Map<String, VmPlace> vms) {}

  /** One HAProxy. */
  record Balancer(
      @About("path of its stats socket, level admin") String socket,
      @About(value = "its server-state-file", otherwise = "it is told again after a reload")
          Optional<String> stateFile) {}

  /** One zone. */
  record Zone(
      @About("ADDRESS:PORT of its primary server") String server,
      @About(value = "ADDRESS:PORT of the others", otherwise = "none")
          Optional<List<String>> secondaries,
      @About(
              value = "file with the TSIG key, as tsig-keygen writes it",
              otherwise = "updates are not signed")
          Optional<String> key) {}

  /** Where one VM appears. */
  record VmPlace(
      @About(value = "server lines of load balancers", otherwise = "none")
          Optional<List<SlotPlace>> slots,
      @About(value = "names", otherwise = "none") Optional<List<RecordPlace>> records) {}

  /** A server line. */
  record SlotPlace(
      @About("which HAProxy") String haproxy,
      @About("its backend") String backend,
      @About("its server") String server,
      @About("port of the service on the host") int port) {}

  /** An A record. */
  record RecordPlace(
      @About("zone") String zone,
      @About("full name") String name,
      @About(value = "time to live when it is made, as PT30S", otherwise = "PT30S")
          Optional<Duration> ttl) {}

  /** A region of an OpenStack cloud; docs/openstack.md says what it needs. */
  record OpenStack(
      @About("address of Keystone, with /v3") String keystone,
      @About("user; docs/openstack.md lists the rights it needs") String user,
      @About("its password: file:PATH or env:NAME") String password,
      @About("its project, in which shadows are made") String project,
      @About(value = "id of the domain of user and project", otherwise = "default")
          Optional<String> domain,
      @About(value = "region", otherwise = "RegionOne") Optional<String> region,
      @About(
              value =
                  "amqp://user:password@host:port/vhost of Nova's broker: file:PATH or env:NAME",
              otherwise = "changes are only asked for, every few seconds")
          Optional<String> notifications,
      @About(
              value = "where a cold shadow comes from: snapshot, or the VM's image",
              otherwise = "snapshot")
          Optional<String> coldSource,
      @About(
              value = "whether a warm shadow may be a paused server without its primary's memory",
              otherwise = "false: without node agents there are no warm shadows")
          Optional<Boolean> standby,
      @About(
              value =
                  "least seconds between two states of a VM, and so the rpo where nobody asks for another; ten times that of a standby",
              otherwise = "300")
          Optional<Integer> refreshSeconds,
      @About(value = "how many VMs' states are cut at once", otherwise = "2")
          Optional<Integer> refreshAtOnce,
      @About(
              value = "how long a state of a VM may take to be stored, as PT1H",
              otherwise = "PT1H, as long as a shadow may take to be complete")
          Optional<Duration> stateWithin,
      @About(
              value =
                  "whether a host that somebody else forced down in Nova counts as switched off",
              otherwise = "false")
          Optional<Boolean> trustForcedDown,
      @About(value = "what becomes of an old primary: shelve or delete", otherwise = "shelve")
          Optional<String> retire,
      @About(value = "Nova's report_interval in seconds", otherwise = "10")
          Optional<Integer> reportSeconds,
      @About(value = "management controllers, by host", otherwise = "no host can be switched off")
          Optional<Map<String, Bmc>> redfish,
      @About(
              value = "users of Keystone who may call the API, with X-Auth-Token",
              otherwise = "only those who have one of the tokens")
          Optional<Callers> callers)
      implements CloudConfig {

    private static final int REFRESH_SECONDS = 300;

    @Override
    public boolean knowsCallers() {
      return callers.isPresent();
    }

    @Override
    public Optional<Duration> statesApart() {
      return Optional.of(Duration.ofSeconds(Math.max(1, refreshSeconds.orElse(REFRESH_SECONDS))));
    }
  }

  /** Users of Keystone, by their role. */
  record Callers(
      @About(value = "roles that may do everything", otherwise = "none")
          Optional<List<String>> roles,
      @About(value = "roles that may look (GET)", otherwise = "none")
          Optional<List<String>> readers,
      @About(value = "project of this domain that a token has to be for", otherwise = "any")
          Optional<String> project) {}
}
