package io.penumbra.app.register;

import io.penumbra.app.serve.About;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code penumbra register openstack} is told; who it acts as stands in OS_* variables. */
record Registration(
    @About("where nova-scheduler reaches penumbra serve; an address, not a name") String url,
    @About("file with the password of Penumbra's user; made if there is none") String passwordFile,
    @About(value = "Penumbra's user", otherwise = "penumbra") Optional<String> user,
    @About(value = "its project", otherwise = "service") Optional<String> project,
    @About(value = "its role, which the services' policies are told of", otherwise = "penumbra")
        Optional<String> role,
    @About(
            value = "this machine's nova-scheduler",
            otherwise = "it runs elsewhere: what it needs is printed")
        Optional<Scheduler> scheduler,
    @About(value = "policy files to be written", otherwise = "they are printed")
        Optional<Policies> policies,
    @About(
            value = "host aggregates that say which hosts stand together, by name",
            otherwise = "none")
        Optional<Map<String, Aggregate>> aggregates,
    @About(value = "custom traits in Placement", otherwise = "none")
        Optional<List<String>> traits) {

  /** Where nova-scheduler reads. */
  record Scheduler(
      @About(value = "its configuration", otherwise = "/etc/nova/nova.conf") Optional<String> conf,
      @About(
              value = "where its Python finds packages",
              otherwise = "/usr/lib/python3/dist-packages")
          Optional<String> site,
      @About(value = "its Python", otherwise = "/usr/bin/python3") Optional<String> python,
      @About(
              value = "file with the token that it shows to Penumbra",
              otherwise = "/etc/nova/penumbra.token")
          Optional<String> tokenFile) {

    String confOrUsual() {
      return conf.orElse("/etc/nova/nova.conf");
    }

    String siteOrUsual() {
      return site.orElse("/usr/lib/python3/dist-packages");
    }

    String pythonOrUsual() {
      return python.orElse("/usr/bin/python3");
    }

    String tokenFileOrUsual() {
      return tokenFile.orElse("/etc/nova/penumbra.token");
    }
  }

  /** Files in the policy directories of services. */
  record Policies(
      @About("such as /etc/nova/policy.d/penumbra.yaml") String nova,
      @About("such as /etc/placement/policy.d/penumbra.yaml") String placement,
      @About(
              value = "such as /etc/designate/policy.d/penumbra.yaml, for the API and central",
              otherwise = "names are not pointed elsewhere")
          Optional<String> designate,
      @About(
              value = "such as /etc/octavia/policy.d/penumbra.yaml",
              otherwise = "load balancers are not pointed elsewhere")
          Optional<String> octavia,
      @About(
              value = "such as /etc/neutron/policy.d/penumbra.yaml",
              otherwise = "a promoted server is in no network")
          Optional<String> neutron,
      @About(
              value = "such as /etc/cinder/policy.d/penumbra.yaml",
              otherwise = "servers that boot from volumes get no shadow")
          Optional<String> cinder) {}

  /** One aggregate. */
  record Aggregate(
      @About("such as penumbra:rack: rack-a") Map<String, String> metadata,
      @About("names of computes") List<String> hosts) {}

  String userOrUsual() {
    return user.orElse("penumbra");
  }

  String projectOrUsual() {
    return project.orElse("service");
  }

  String roleOrUsual() {
    return role.orElse("penumbra");
  }
}
