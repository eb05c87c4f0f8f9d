package io.penumbra.adapter.openstack;

import io.penumbra.placement.policy.PolicyResolver;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/**
 * What Penumbra itself writes into the metadata of servers; policy tags are not among it. Anybody
 * can write the same on a server of his own: see {@link #isOnlyOnOurs}.
 */
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
  /** Of its volumes, those that go when the VM's server is deleted: devices, or {@code none}. */
  GOING("volumes-going"),
  /** Why the state that a shadow has is not a newer one. */
  STALE("stale"),
  /** What its owner calls the VM: a shadow's server has another name. */
  NAME("name"),
  /** On a shadow: the project of the VM's owner. */
  PROJECT("project"),
  /** On a shadow: the server groups of the VM. */
  GROUPS("groups"),
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

  /** What is written on the VM's first server too, by its owner or by Penumbra. */
  private static final Set<Mark> ON_ANY = EnumSet.of(ROLE, TERM, PROBLEM, POOLS, NAMES);

  private final String key;

  Mark(String name) {
    key = PolicyResolver.TAG_PREFIX + name;
  }

  String key() {
    return key;
  }

  /** Whether it means something only on a server of the project in which shadows are made. */
  static boolean isOnlyOnOurs(String key) {
    return isOurs(key) && ON_ANY.stream().noneMatch(mark -> mark.key.equals(key));
  }

  static boolean isOurs(String key) {
    return Arrays.stream(values()).anyMatch(mark -> mark.key.equals(key));
  }
}
