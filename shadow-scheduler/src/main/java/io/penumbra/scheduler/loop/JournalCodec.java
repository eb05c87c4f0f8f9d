package io.penumbra.scheduler.loop;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.penumbra.domain.FlavorId;
import io.penumbra.domain.GroupId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.ProjectId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.SagaId;
import io.penumbra.domain.VmId;
import io.penumbra.scheduler.failover.FailoverReason;
import io.penumbra.scheduler.failover.FailoverRecord.StepTiming;
import io.penumbra.scheduler.failover.IncidentState;
import io.penumbra.scheduler.failover.SagaStep;
import io.penumbra.scheduler.port.Journal.Entry;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;

/** Turns what the loop must remember into journal entries, and back. */
final class JournalCodec {

  static final String START = "start";
  static final String SAGA = "saga";
  static final String INCIDENT = "incident";
  static final String WATCH = "watch";
  static final String WATCH_OUTCOME = "watch-outcome";
  static final String CLAIM = "claim";
  static final String CLAIM_OVER = "claim-over";
  static final String ADMISSION = "admission";
  static final String FAILOVER = "failover";
  static final String WHEREABOUTS = "whereabouts";
  static final String REDIRECT = "redirect";
  static final String TERMS = "terms";
  static final String WISHES = "wishes";
  static final String INTENT = "intent";

  // Shared: building one costs more than everything else at a loop's start.
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .addModule(ids())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
          .build();

  Entry entry(Instant at, String kind, String key, Object body) {
    try {
      return new Entry(at, kind, key, JSON.writeValueAsString(body));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write journal entry %s %s".formatted(kind, key), e);
    }
  }

  <T> T read(Entry entry, Class<T> type) {
    try {
      return JSON.readValue(entry.body(), type);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          "journal entry %s %s of %s cannot be read: %s; expected %s. Maybe it was written by another version"
              .formatted(
                  entry.kind(),
                  entry.key(),
                  entry.at(),
                  e.getOriginalMessage(),
                  type.getSimpleName()),
          e);
    }
  }

  /** How often a loop was started on this journal; part of every id, so that none comes twice. */
  record StartLine(long incarnation) {}

  /** Where a VM is by our own doing; empty when the cloud says so too. */
  record WhereLine(Optional<HostId> host) {}

  /** Where clients of a VM may be sent though it is elsewhere; empty when they are not. */
  record RedirectLine(List<HostId> maybeAt) {}

  /**
   * What a command to a shadow is meant to do.
   *
   * @param takes what its host has to have room for from then on; not in old journals
   */
  record IntentLine(String command, VmId vm, HostId host, Optional<Resources> takes) {}

  /** A saga as it stands. */
  record SagaLine(
      SagaId id,
      VmId vm,
      HostId from,
      Instant suspectedAt,
      FailoverReason reason,
      SagaStep step,
      int attempt,
      int serial,
      Instant stepSince,
      boolean primaryAlive,
      Optional<HostId> target,
      List<HostId> tried,
      Optional<String> proof,
      Optional<Long> epoch,
      Optional<Long> term,
      Optional<Long> activatedFrom,
      Optional<HostId> mayRunOn,
      long epochsLost,
      Duration age,
      long bytesLost,
      boolean zeroLoss,
      Optional<Instant> promotedAt,
      boolean verified,
      boolean recorded,
      List<StepTiming> timings,
      SortedMap<String, Long> acked) {}

  static SagaLine line(Saga saga, SortedMap<String, Long> acked) {
    return new SagaLine(
        saga.id,
        saga.vm,
        saga.from,
        saga.suspectedAt,
        saga.reason,
        saga.step,
        saga.attempt,
        saga.serial,
        saga.stepSince,
        saga.primaryAlive,
        saga.target,
        List.copyOf(saga.tried),
        saga.proof,
        saga.epoch,
        saga.term,
        saga.activatedFrom,
        saga.mayRunOn,
        saga.epochsLost,
        saga.age,
        saga.bytesLost,
        saga.zeroLoss,
        saga.promotedAt,
        saga.verified,
        saga.recorded,
        saga.timingList(),
        acked);
  }

  static Saga saga(SagaLine line) {
    Saga saga =
        new Saga(line.id, line.vm, line.from, line.reason, line.suspectedAt, line.stepSince);
    saga.step = line.step;
    saga.attempt = line.attempt;
    saga.serial = line.serial;
    saga.roundFrom = line.serial;
    saga.primaryAlive = line.primaryAlive;
    saga.target = line.target;
    saga.tried.addAll(line.tried);
    saga.proof = line.proof;
    saga.epoch = line.epoch;
    saga.term = line.term;
    saga.activatedFrom = line.activatedFrom;
    saga.mayRunOn = line.mayRunOn;
    saga.epochsLost = line.epochsLost;
    saga.age = line.age;
    saga.bytesLost = line.bytesLost;
    saga.zeroLoss = line.zeroLoss;
    saga.promotedAt = line.promotedAt;
    saga.verified = line.verified;
    saga.recorded = line.recorded;
    line.timings.forEach(timing -> saga.timings.put(timing.step(), timing));
    return saga;
  }

  /** An incident as it stands. */
  record IncidentLine(
      String id,
      HostId host,
      Instant suspectedAt,
      double phi,
      boolean fromDetector,
      IncidentState state,
      int attempt,
      Instant stateSince,
      Optional<String> proof) {}

  static IncidentLine line(Incident incident) {
    return new IncidentLine(
        incident.id,
        incident.host,
        incident.suspectedAt,
        incident.phi,
        incident.fromDetector,
        incident.state,
        incident.attempt,
        incident.stateSince,
        incident.proof);
  }

  static Incident incident(IncidentLine line) {
    Incident incident =
        new Incident(line.id, line.host, line.suspectedAt, line.phi, line.stateSince);
    incident.fromDetector = line.fromDetector;
    incident.state = line.state;
    incident.attempt = line.attempt;
    incident.proof = line.proof;
    return incident;
  }

  /** A watched host as it stands. */
  record WatchLine(
      boolean over,
      FailoverReason reason,
      Instant since,
      Instant notBefore,
      double calmBelow,
      boolean judged,
      List<VmId> toRetire,
      String brokenEvidence,
      String wellEvidence) {}

  static WatchLine line(HostWatch watch, boolean over) {
    return new WatchLine(
        over,
        watch.reason,
        watch.since,
        watch.notBefore,
        watch.calmBelow,
        watch.judged,
        List.copyOf(watch.toRetire),
        watch.brokenEvidence,
        watch.wellEvidence);
  }

  static HostWatch watch(WatchLine line) {
    HostWatch watch = new HostWatch(line.reason, line.since, line.notBefore);
    watch.calmBelow = line.calmBelow;
    watch.judged = line.judged;
    watch.toRetire.addAll(line.toRetire);
    watch.brokenEvidence = line.brokenEvidence;
    watch.wellEvidence = line.wellEvidence;
    return watch;
  }

  private static SimpleModule ids() {
    SimpleModule module = new SimpleModule("ids");
    id(module, VmId.class, VmId::of);
    id(module, HostId.class, HostId::of);
    id(module, SagaId.class, SagaId::of);
    id(module, ProjectId.class, ProjectId::of);
    id(module, FlavorId.class, FlavorId::of);
    id(module, GroupId.class, GroupId::of);
    return module;
  }

  /** An id is written as its text. */
  private static <T> void id(SimpleModule module, Class<T> type, Function<String, T> of) {
    module.addSerializer(
        type,
        new StdSerializer<T>(type) {
          private static final long serialVersionUID = 1;

          @Override
          public void serialize(T id, JsonGenerator out, SerializerProvider provider)
              throws IOException {
            out.writeString(id.toString());
          }
        });
    module.addDeserializer(type, new IdReader<>(type, of));
  }

  private static final class IdReader<T> extends StdDeserializer<T> {
    private static final long serialVersionUID = 1;
    private final transient Function<String, T> of;

    IdReader(Class<T> type, Function<String, T> of) {
      super(type);
      this.of = of;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      return of.apply(parser.getText());
    }
  }
}
