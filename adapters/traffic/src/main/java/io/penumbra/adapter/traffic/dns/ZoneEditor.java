package io.penumbra.adapter.traffic.dns;

import io.penumbra.adapter.traffic.change.Change;
import io.penumbra.adapter.traffic.dns.NameServer.Answer;
import io.penumbra.adapter.traffic.dns.NameServer.Holds;
import io.penumbra.adapter.traffic.dns.NameServer.Refuses;
import io.penumbra.adapter.traffic.dns.NameServer.Silent;
import io.penumbra.adapter.traffic.dns.NameServer.Updated;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Update;

/**
 * Changes records of one zone, all in one update that happens whole or not at all. The update says
 * what was seen before (RFC 2136, 2.4); when somebody else was faster, it is looked at again. A
 * change counts when every authoritative server shows it.
 */
public final class ZoneEditor {

  private static final int TRIES = 3;
  private static final Duration LOOK_FIRST = Duration.ofMillis(2);
  private static final Duration LOOK_LAST = Duration.ofMillis(100);

  private final DnsZone zone;
  private final NameServer primary;
  private final List<NameServer> everybody = new ArrayList<>();

  public ZoneEditor(DnsZone zone) {
    this.zone = zone;
    primary = new NameServer(zone.primary(), zone.key(), zone.patience());
    everybody.add(primary);
    for (InetSocketAddress secondary : zone.secondaries()) {
      everybody.add(new NameServer(secondary, Optional.empty(), zone.patience()));
    }
  }

  public String name() {
    return zone.name();
  }

  /** Makes every record mean an address; its time to live stays as it is. */
  public Change point(List<DnsRecord> records, List<InetAddress> addresses)
      throws InterruptedException {
    List<RecordWish> wishes = new ArrayList<>();
    for (int i = 0; i < records.size(); i++) {
      wishes.add(new RecordWish(records.get(i), Optional.of(addresses.get(i)), Optional.empty()));
    }
    return change(wishes);
  }

  /** Sets the time to live of every record; what it means stays as it is. */
  public Change live(List<DnsRecord> records, Duration ttl) throws InterruptedException {
    return change(
        records.stream()
            .map(record -> new RecordWish(record, Optional.empty(), Optional.of(ttl)))
            .toList());
  }

  /** One wish, what is there, and what should be. */
  private record Step(RecordWish wish, RecordSet is, RecordSet wanted) {}

  private sealed interface Plan {}

  private record Steps(List<Step> steps) implements Plan {
    boolean done() {
      return steps.stream().allMatch(step -> step.is().same(step.wanted()));
    }
  }

  private record NoPlan(String code, String why) implements Plan {}

  private Change change(List<RecordWish> wishes) throws InterruptedException {
    for (int attempt = 1; attempt <= TRIES; attempt++) {
      switch (plan(wishes)) {
        case NoPlan(String code, String why) -> {
          return new Change.Refused(code, why);
        }
        case Steps steps -> {
          if (steps.done()) {
            return verified(steps, false);
          }
          Answer answer = primary.update(update(steps));
          if (!(answer instanceof Refuses(int code, String what)) || !isConflict(code)) {
            return after(answer, steps, wishes);
          }
        }
      }
    }
    return new Change.Refused(
        "changed-meanwhile",
        "%s was changed by somebody else %d times while it was looked at"
            .formatted(zone.name(), TRIES));
  }

  private Plan plan(List<RecordWish> wishes) {
    List<Step> steps = new ArrayList<>();
    for (RecordWish wish : wishes) {
      switch (primary.ask(wish.name(), wish.type())) {
        case Holds(RecordSet is) -> {
          Optional<RecordSet> wanted = wish.wanted(is);
          if (wanted.isEmpty()) {
            return new NoPlan("no-record", "%s has no %s".formatted(zone.name(), wish.name()));
          }
          steps.add(new Step(wish, is, wanted.get()));
        }
        case Refuses(int _, String what) -> {
          return new NoPlan("dns-refused", "%s said %s".formatted(primary, what));
        }
        case Silent(String why) -> {
          return new NoPlan("unreachable", why);
        }
        case Updated() -> throw new IllegalStateException("a question was answered as an update");
      }
    }
    return new Steps(steps);
  }

  private Update update(Steps steps) {
    Update update = new Update(DnsNames.absolute(zone.name()));
    for (Step step : steps.steps()) {
      if (step.is().isEmpty()) {
        update.absent(step.wish().name(), step.wish().type());
      } else {
        // A value that has to be there is named with a time to live of zero (RFC 2136, 2.4.2).
        step.is().withTtl(0).records().forEach(update::present);
        update.delete(step.wish().name(), step.wish().type());
      }
    }
    for (Step step : steps.steps()) {
      step.wanted().records().forEach(update::add);
    }
    return update;
  }

  private static boolean isConflict(int code) {
    return code == Rcode.NXRRSET
        || code == Rcode.YXRRSET
        || code == Rcode.NXDOMAIN
        || code == Rcode.YXDOMAIN;
  }

  private Change after(Answer answer, Steps steps, List<RecordWish> wishes)
      throws InterruptedException {
    if (answer instanceof Updated) {
      return verified(steps, true);
    }
    // Whatever it said, or didn't: what it holds now decides.
    if (plan(wishes) instanceof Steps now) {
      if (now.done()) {
        return verified(now, true);
      }
      if (answer instanceof Refuses(int _, String what)) {
        return new Change.Refused(
            "dns-" + what.toLowerCase(Locale.ROOT),
            "%s refused to change %s: %s".formatted(primary, zone.name(), what));
      }
    }
    return new Change.InDoubt(
        answer instanceof Silent(String why) ? why : "%s can't be read back".formatted(primary));
  }

  /** Asks every authoritative server until each shows what is wanted, or time is up. */
  private Change verified(Steps steps, boolean changed) throws InterruptedException {
    long deadline = System.nanoTime() + zone.visibleWithin().toNanos();
    Duration pause = LOOK_FIRST;
    List<NameServer> behind = new ArrayList<>(everybody);
    String last = "";
    while (true) {
      for (NameServer server : List.copyOf(behind)) {
        String wrong = differs(server, steps);
        if (wrong.isEmpty()) {
          behind.remove(server);
        } else {
          last = wrong;
        }
      }
      if (behind.isEmpty()) {
        return new Change.Verified(changed);
      }
      if (System.nanoTime() - deadline >= 0) {
        return new Change.InDoubt(last);
      }
      Thread.sleep(pause);
      pause = pause.compareTo(LOOK_LAST) >= 0 ? pause : pause.multipliedBy(2);
    }
  }

  /** What a server shows that is not as it should be; empty when all is. */
  private static String differs(NameServer server, Steps steps) {
    for (Step step : steps.steps()) {
      Answer answer = server.ask(step.wish().name(), step.wish().type());
      if (!(answer instanceof Holds(RecordSet records)) || !records.same(step.wanted())) {
        return "%s shows %s for %s, not %s"
            .formatted(server, shown(answer), step.wish().name(), step.wanted());
      }
    }
    return "";
  }

  private static String shown(Answer answer) {
    return switch (answer) {
      case Holds(RecordSet records) -> records.toString();
      case Refuses(int _, String what) -> what;
      case Silent(String why) -> "nothing (" + why + ")";
      case Updated() -> "an update";
    };
  }
}
