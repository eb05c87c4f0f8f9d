package io.penumbra.app.agent;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.penumbra.domain.BadInputException;
import io.penumbra.domain.Guard;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The agent's configuration file. Everything has a default; what is unknown is refused.
 *
 * @param location failure domains: zone, feed, rack, chassis
 * @param hardware vendor, cpu, firmware
 * @param diskGib disk that guests may use
 * @param dataAddresses where epochs come in, one per network path
 * @param lease how long a primary serves after it was renewed; the same on all hosts
 * @param clockDriftMax share by which clocks may run slow or fast
 * @param leaseMargin waited on top
 * @param heartbeat from one to the next
 * @param cpuShare of one core, for the agent itself
 * @param memoryMib for the agent itself
 */
record AgentConfig(
    SortedMap<String, String> location,
    SortedMap<String, String> hardware,
    long diskGib,
    List<String> dataAddresses,
    Duration lease,
    double clockDriftMax,
    Duration leaseMargin,
    Duration heartbeat,
    double cpuShare,
    long memoryMib) {

  AgentConfig {
    location = new TreeMap<>(location);
    hardware = new TreeMap<>(hardware);
    dataAddresses = List.copyOf(dataAddresses);
    Guard.notNegative("diskGib", diskGib);
    Guard.positive("cpuShare", cpuShare);
    Guard.notNegative("memoryMib", memoryMib);
  }

  static AgentConfig defaults() {
    return new Draft(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty())
        .whole();
  }

  /** The same with everything optional. */
  record Draft(
      Optional<SortedMap<String, String>> location,
      Optional<SortedMap<String, String>> hardware,
      Optional<Long> diskGib,
      Optional<List<String>> dataAddresses,
      Optional<Duration> lease,
      Optional<Double> clockDriftMax,
      Optional<Duration> leaseMargin,
      Optional<Duration> heartbeat,
      Optional<Double> cpuShare,
      Optional<Long> memoryMib) {

    AgentConfig whole() {
      return new AgentConfig(
          location.orElseGet(TreeMap::new),
          hardware.orElseGet(TreeMap::new),
          diskGib.orElse(100L),
          dataAddresses.orElse(List.of()),
          lease.orElse(Duration.ofSeconds(3)),
          clockDriftMax.orElse(0.001),
          leaseMargin.orElse(Duration.ofMillis(200)),
          heartbeat.orElse(Duration.ofMillis(100)),
          cpuShare.orElse(1.0),
          memoryMib.orElse(2_048L));
    }
  }

  static AgentConfig read(Path file) {
    YAMLMapper yaml =
        YAMLMapper.builder()
            .addModule(new Jdk8Module())
            .addModule(new JavaTimeModule())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();
    try {
      return yaml.readValue(file.toFile(), Draft.class).whole();
    } catch (JsonMappingException e) {
      String field = e.getPathReference().replaceAll(".*\\[\"([^\"]+)\"].*", "$1");
      throw new BadInputException(
          "%s:%d: %s"
              .formatted(file, e.getLocation() == null ? 0 : e.getLocation().getLineNr(), field),
          e.getOriginalMessage(),
          "See docs/decisions/0018-node-agent.md for the keys.",
          e);
    } catch (IOException e) {
      throw new BadInputException(file.toString(), "can't be read: " + e.getMessage(), "", e);
    }
  }
}
