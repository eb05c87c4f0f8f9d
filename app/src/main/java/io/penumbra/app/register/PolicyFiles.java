package io.penumbra.app.register;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What the role may do, where Nova and Placement decide it.
 *
 * <p>Nova's database hands other projects' servers to whom its rule {@code context_is_admin} names,
 * and to nobody else: this one rule is needed and no finer one would do. It says nothing to
 * Keystone, Glance or Neutron, where the role has no power. In Placement the role reads.
 */
final class PolicyFiles {

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

  void register() {
    Optional<Registration.Policies> files = asked.policies();
    if (files.isPresent()) {
      write(Path.of(files.get().nova()), nova());
      write(Path.of(files.get().placement()), placement());
    } else {
      ledger.ok(
          "policies are yours to write: policy.d/penumbra.yaml of Nova's API, then of Placement's");
      ledger.text(nova());
      ledger.text(placement());
    }
  }

  void unregister() {
    asked
        .policies()
        .ifPresent(files -> {
          int before = ledger.changes();
          remove(Path.of(files.nova()));
          remove(Path.of(files.placement()));
          if (ledger.changes() > before) {
            // Placement refuses Nova itself when a policy file goes away under it.
            ledger.text("restart placement-api, then nova-api: until then no server is created");
          }
        });
  }

  private void write(Path file, String text) {
    if (SecretFile.read(file).filter(text::equals).isPresent()) {
      ledger.ok("policy %s", file);
    } else {
      ledger.change(() -> SecretFile.write(file, text, Optional.empty()), "policy %s", file);
      ledger.text(text);
    }
  }

  private void remove(Path file) {
    if (SecretFile.exists(file)) {
      ledger.change(() -> SecretFile.delete(file), "policy %s removed", file);
    }
  }
}
