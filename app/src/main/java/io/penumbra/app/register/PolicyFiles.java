package io.penumbra.app.register;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What the role may do, where each service decides it.
 *
 * <p>Nova's database hands other projects' servers to whom its rule {@code context_is_admin} names,
 * and to nobody else: this one rule is needed and no finer one would do. It says nothing to
 * Keystone or Glance, where the role has no power. So it is in Neutron: ports could be seen and
 * bound with finer rules (those for {@code advsvc}), but that a port has another project's security
 * groups and another project's floating address leads to it, it grants in its code to whom {@code
 * context_is_admin} names. And in Cinder: a volume of another project, of which Nova cuts a
 * snapshot for us, its database shows to whom that rule names. In Placement the role reads. In
 * Designate it reads and changes recordsets of every project and nothing else of theirs, in Octavia
 * members of every pool: the rules are those of the services with the role added.
 */
final class PolicyFiles {

  private static final String SIGN = "# made by penumbra register openstack\n";

  private final Registration asked;
  private final Ledger ledger;

  PolicyFiles(Registration asked, Ledger ledger) {
    this.asked = asked;
    this.ledger = ledger;
  }

  String nova() {
    return "\"context_is_admin\": \"role:admin or role:%s\"%n".formatted(asked.roleOrUsual());
  }

  String placement() {
    return "\"system_reader_api\": \"role:admin or role:%s or (role:reader and system_scope:all)\"%n"
        .formatted(asked.roleOrUsual());
  }

  String designate() {
    return """
    "all_tenants": "rule:admin or (role:admin and system_scope:all) or role:%1$s"
    "get_recordset": "rule:admin_or_owner or (role:reader and system_scope:all) or role:%1$s"
    "update_recordset": "('PRIMARY':%%(zone_type)s and (rule:admin_or_owner or role:%1$s)) or ('SECONDARY':%%(zone_type)s and is_admin:True)"
    """
        .formatted(asked.roleOrUsual());
  }

  String octavia() {
    return """
    "os_load-balancer_api:pool:get_one": "rule:load-balancer:read or role:%1$s"
    "os_load-balancer_api:member:get_all": "rule:load-balancer:read or role:%1$s"
    "os_load-balancer_api:member:post": "rule:load-balancer:write or role:%1$s"
    "os_load-balancer_api:member:delete": "rule:load-balancer:write or role:%1$s"
    """
        .formatted(asked.roleOrUsual());
  }

  /** Takes effect at once: Neutron looks at its policy files whenever it is asked. */
  String neutron() {
    return nova();
  }

  /** Likewise. */
  String cinder() {
    return nova();
  }

  void register() {
    Optional<Registration.Policies> files = asked.policies();
    if (files.isPresent()) {
      write(Path.of(files.get().nova()), nova());
      write(Path.of(files.get().placement()), placement());
      files.get().designate().ifPresent(file -> write(Path.of(file), designate()));
      files.get().octavia().ifPresent(file -> write(Path.of(file), octavia()));
      files.get().neutron().ifPresent(file -> write(Path.of(file), neutron()));
      files.get().cinder().ifPresent(file -> write(Path.of(file), cinder()));
    } else {
      ledger.ok(
          "policies are yours to write: policy.d/penumbra.yaml of Nova's API, then of Placement's, Designate's, Octavia's, Neutron's, Cinder's");
      ledger.text(nova());
      ledger.text(placement());
      ledger.text(designate());
      ledger.text(octavia());
      ledger.text(neutron());
      ledger.text(cinder());
    }
  }

  void unregister() {
    asked
        .policies()
        .ifPresent(files -> {
          int before = ledger.changes();
          remove(Path.of(files.nova()), nova());
          remove(Path.of(files.placement()), placement());
          files.designate().ifPresent(file -> remove(Path.of(file), designate()));
          files.octavia().ifPresent(file -> remove(Path.of(file), octavia()));
          files.neutron().ifPresent(file -> remove(Path.of(file), neutron()));
          files.cinder().ifPresent(file -> remove(Path.of(file), cinder()));
          if (ledger.changes() > before) {
            // Placement refuses Nova itself when a policy file goes away under it.
            ledger.text("restart placement-api, then nova-api: until then no server is created");
          }
        });
  }

  private void write(Path file, String rules) {
    String text = SIGN + rules;
    Optional<String> there = SecretFile.read(file);
    if (there.filter(text::equals).isPresent()) {
      ledger.ok("policy %s", file);
    } else if (there.isPresent() && !isOurs(there.get(), rules)) {
      ledger.problem(
          "policy %s was there before and stays; name another file beside it, or take these into it:",
          file);
      ledger.text(rules);
    } else {
      ledger.change(() -> SecretFile.write(file, text, Optional.empty()), "policy %s", file);
      ledger.text(text);
    }
  }

  private void remove(Path file, String rules) {
    Optional<String> there = SecretFile.read(file);
    if (there.isPresent() && isOurs(there.get(), rules)) {
      ledger.change(() -> SecretFile.delete(file), "policy %s removed", file);
    } else if (there.isPresent()) {
      ledger.ok("policy %s was not made here and stays", file);
    }
  }

  /** Files that were written before they had a sign are known by what they say. */
  private static boolean isOurs(String there, String rules) {
    boolean onlyRules =
        !there.isBlank() && rules.lines().toList().containsAll(there.lines().toList());
    return there.startsWith(SIGN) || onlyRules;
  }
}
