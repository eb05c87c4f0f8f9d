package io.penumbra.placement.spi;

import io.penumbra.placement.fleet.HostView;

/**
 * Says of one host whether it may be used, and if not, what was asked and what the host has.
 *
 * <p>Implement it with a public constructor without arguments, name the class in {@code
 * META-INF/services/io.penumbra.placement.spi.HostFilter}, put the jar on the class path: it is
 * asked about every host that could win. The answer may depend on nothing but the host and the ask,
 * so that a decision can be made again, and of the ask not on what only names it: the ids of
 * request and VM, its time and its seed. What was counted for one VM is told to its equals.
 */
public interface HostFilter {

  /** Unique name, in lower case with dashes; refusals are counted under it. */
  String name();

  /** Whether the host may be used. Asked often: keep it free of allocation. */
  boolean passes(HostView host, Ask ask);

  /** What was asked, with its unit; the same for every host. */
  String asked(Ask ask);

  /** What the host has of it, with its unit. */
  String available(HostView host, Ask ask);

  /**
   * What the host has, as a number, larger being closer to what was asked. Where nothing is
   * measured, leave it at 0.
   */
  default double amount(HostView host, Ask ask) {
    return 0;
  }

  /** The answer with its numbers. */
  default Verdict check(HostView host, Ask ask) {
    return passes(host, ask)
        ? Verdict.PASS
        : new Verdict.Refusal(asked(ask), available(host, ask), amount(host, ask));
  }
}
