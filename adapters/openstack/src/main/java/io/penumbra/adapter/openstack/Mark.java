package io.penumbra.adapter.openstack;

import io.penumbra.placement.policy.PolicyResolver;
import java.util.Arrays;

/** What Penumbra itself writes into the metadata of servers; policy tags are not among it. */
enum Mark {
  /** On a shadow: the VM that it belongs to. Stays when the shadow becomes the VM's server. */
  SHADOW_OF("shadow-of"),
  /** What a server is: {@code shadow}, {@code primary}, {@code retired}. */
  ROLE("role"),
  /** Of a shadow, the term of the state it has; of a primary, the term it serves under. */
  TERM("term"),
  /** The number of the state that a shadow has. */
  EPOCH("epoch"),
  /** When that state was cut. */
  CUT("cut"),
  /** The image that holds that state. */
  IMAGE("image"),
  /** What a shadow holds for itself: vCPU, MiB, GiB. */
  RESIDENT("resident"),
  /** {@code complete} when a shadow can take over. */
  STATE("state"),
  /** The host that a shadow was meant for. */
  HOST("host"),
  /** The command that made the server. */
  COMMAND("command"),
  /** Why the VM is protected otherwise than its owner wrote. */
  PROBLEM("problem"),
  /** Load balancer pools that clients come through: {@code pool-id:port, ...}. */
  POOLS("pools"),
  /** Names that clients find it by: {@code zone-id/recordset-id, ...}. */
  NAMES("names");

  private final String key;

  Mark(String name) {
    key = PolicyResolver.TAG_PREFIX + name;
  }

  String key() {
    return key;
  }

  static boolean isOurs(String key) {
    return Arrays.stream(values()).anyMatch(mark -> mark.key.equals(key));
  }
}
