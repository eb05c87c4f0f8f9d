package io.penumbra.adapter.qemu.cloud;

import io.penumbra.adapter.qemu.api.AgentJson;
import io.penumbra.adapter.qemu.api.Heartbeat;
import io.penumbra.adapter.qemu.api.Heartbeat.InstanceReport;
import io.penumbra.adapter.qemu.api.Heartbeat.NumberedEvent;
import io.penumbra.adapter.qemu.api.Heartbeat.Role;
import io.penumbra.adapter.qemu.api.Heartbeat.State;
import io.penumbra.adapter.qemu.api.HeartbeatReply;
import io.penumbra.adapter.qemu.cloud.Books.HostEntry;
import io.penumbra.adapter.qemu.cloud.Books.ShadowEntry;
import io.penumbra.adapter.qemu.cloud.Books.VmEntry;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Vm;
import io.penumbra.domain.VmId;
import io.penumbra.domain.event.Event;
import io.penumbra.web.Answer;
import io.penumbra.web.Call;
import io.penumbra.web.Route;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Takes heartbeats: tells the failure detector, the books and the event feed what they mean, and
 * answers with renewals. An event is taken once, however often it is sent.
 */
public final class HeartbeatIntake {

  /** Whoever watches for silence. */
  @FunctionalInterface
  public interface Pulse {

    /** A heartbeat has arrived. */
    void heartbeat(HostId host);
  }

  /** Asks an agent about a VM of which nothing is known. */
  interface Inquiry {
    void unknown(VmId vm, HostId host, long term);
  }

  /** Whoever wants to know of an agent that has begun, or begun anew. */
  interface Beginning {
    void begun(HostId host);
  }

  private final Books books;
  private final LeaseDesk leases;
  private final EventFeed feed;
  private final Pulse pulse;
  private final Inquiry inquiry;
  private final Beginning beginning;
  private final InstantSource clock;
  private final SortedMap<HostId, Known> known = new TreeMap<>();

  /** What was last heard of one agent. */
  private static final class Known {
    private long boot;
    private long sequence;
    private long eventsTaken;
    private Optional<Heartbeat> last = Optional.empty();
    private Instant heardAt = Instant.MIN;
  }

  HeartbeatIntake(
      Books books,
      LeaseDesk leases,
      EventFeed feed,
      Pulse pulse,
      Inquiry inquiry,
      Beginning beginning,
      InstantSource clock) {
    this.books = books;
    this.leases = leases;
    this.feed = feed;
    this.pulse = pulse;
    this.inquiry = inquiry;
    this.beginning = beginning;
    this.clock = clock;
  }

  /** Where agents send heartbeats. */
  public List<Route> routes() {
    return List.of(Route.post("/v1/heartbeat", this::heartbeat));
  }

  private Answer heartbeat(Call call) {
    try {
      HeartbeatReply reply = take(AgentJson.read(call.bytes(), Heartbeat.class));
      return new Answer(200, "application/json", ByteBuffer.wrap(AgentJson.write(reply)), Map.of());
    } catch (IOException e) {
      throw new BadInputException("body", String.valueOf(e.getMessage()), "", e);
    }
  }

  /** Takes one, and says what is to be answered. */
  public HeartbeatReply take(Heartbeat heartbeat) {
    HostId host = heartbeat.host();
    pulse.heartbeat(host);
    long taken;
    boolean describe;
    synchronized (this) {
      Known agent = known.computeIfAbsent(host, id -> new Known());
      boolean fresh = heartbeat.boot() > agent.boot;
      boolean current = isCurrent(agent, heartbeat);
      describe = describe(heartbeat);
      if (fresh) {
        beginning.begun(host);
      }
      if (!current) {
        // Events of another life are counted anew; none of them has been taken.
        long known = heartbeat.boot() == agent.boot ? agent.eventsTaken : 0;
        return new HeartbeatReply(known, describe, List.of());
      }
      agent.last = Optional.of(heartbeat);
      agent.heardAt = clock.instant();
      // What has happened first: somebody may be waiting for it.
      takeEvents(agent, heartbeat);
      takeInstances(heartbeat);
      taken = agent.eventsTaken;
    }
    List<HeartbeatReply.LeaseWord> words = new ArrayList<>();
    for (InstanceReport report : heartbeat.instances()) {
      if (report.role() == Role.PRIMARY) {
        words.add(leases.word(host, report));
      }
    }
    return new HeartbeatReply(taken, describe, words);
  }

  /** One that was overtaken on its way says nothing new. */
  private static boolean isCurrent(Known agent, Heartbeat heartbeat) {
    if (heartbeat.boot() > agent.boot) {
      agent.boot = heartbeat.boot();
      agent.sequence = 0;
      agent.eventsTaken = 0;
    }
    if (heartbeat.boot() < agent.boot || heartbeat.sequence() <= agent.sequence) {
      return false;
    }
    agent.sequence = heartbeat.sequence();
    return true;
  }

  /** Whether a description is wanted: there is none, or it stands at another address. */
  private boolean describe(Heartbeat heartbeat) {
    Optional<HostEntry> entry = books.host(heartbeat.host());
    heartbeat
        .description()
        .ifPresent(host -> {
          boolean quarantined = entry.map(HostEntry::quarantined).orElse(false);
          boolean fresh = entry.isEmpty();
          books.put(new HostEntry(host, heartbeat.address(), quarantined));
          if (fresh) {
            feed.offer(new Event.HostDiscovered(clock.instant(), host));
          }
        });
    return heartbeat.description().isEmpty()
        && !entry.map(HostEntry::address).equals(Optional.of(heartbeat.address()));
  }

  private void takeInstances(Heartbeat heartbeat) {
    HostId host = heartbeat.host();
    List<ShadowEntry> shadows = new ArrayList<>();
    for (InstanceReport report : heartbeat.instances()) {
      if (report.role() == Role.SHADOW) {
        shadows.add(
            new ShadowEntry(
                report.vm(),
                host,
                report.mode(),
                report.held(),
                report.complete(),
                report.term(),
                report.state() == State.RESTORED));
      } else {
        takePrimary(host, report);
      }
    }
    books.shadowsOn(host, shadows);
  }

  private void takePrimary(HostId host, InstanceReport report) {
    Optional<VmEntry> entry = books.vm(report.vm());
    if (entry.isEmpty()) {
      if (report.state() != State.STARTING) {
        inquiry.unknown(report.vm(), host, report.term());
      }
    } else if (report.term() > entry.get().term()) {
      // It was promoted, and nobody heard the answer.
      books.change(report.vm(), known -> known.at(host, report.term()));
    } else if (entry.get().host().equals(host)) {
      boolean running = report.state() != State.STOPPED;
      books.change(report.vm(), known -> known.withRunning(running));
    }
  }

  private void takeEvents(Known agent, Heartbeat heartbeat) {
    for (NumberedEvent numbered : heartbeat.events()) {
      if (numbered.number() > agent.eventsTaken) {
        agent.eventsTaken = numbered.number();
        takeEvent(heartbeat.host(), numbered.event());
      }
    }
  }

  private void takeEvent(HostId host, Event event) {
    switch (event) {
      case Event.VmCreated(Instant at, Vm vm, HostId where) -> {
        created(vm, where, 0);
      }
      case Event.VmDeleted deleted -> {
        books.remove(deleted.vm());
        feed.offer(deleted);
      }
      case Event.VmPolicyChanged changed -> {
        books.change(changed.vm(), entry -> entry.withVm(entry.vm().withPolicy(changed.policy())));
        feed.offer(changed);
      }
      case Event.GuestFailed failed -> {
        // Of one that has been superseded it is no news.
        if (books.vm(failed.vm()).filter(entry -> entry.host().equals(host)).isPresent()) {
          feed.offer(failed);
        }
      }
      default -> feed.offer(event);
    }
  }

  /** A VM of which nothing was known runs there. */
  void created(Vm vm, HostId host, long term) {
    if (books.vm(vm.id()).isEmpty()) {
      books.put(new VmEntry(vm, host, term, true, 0, Optional.empty(), List.of()));
      feed.offer(new Event.VmCreated(clock.instant(), vm, host));
    }
  }

  /** What an agent last said, and when. */
  synchronized Optional<Heartbeat> last(HostId host) {
    return Optional.ofNullable(known.get(host)).flatMap(agent -> agent.last);
  }

  synchronized Instant heardAt(HostId host) {
    return Optional.ofNullable(known.get(host)).map(agent -> agent.heardAt).orElse(Instant.MIN);
  }
}
