package io.penumbra.app.serve;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which cloud is looked after; {@code kind} tells them apart. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes(@JsonSubTypes.Type(value = CloudConfig.Agents.class, name = "agents"))
sealed interface CloudConfig {

  /** Hosts with node agents and QEMU guests, and no cloud above them. */
  record Agents(
      @About("token that agents show and are shown: file:PATH or env:NAME") String token,
      @About("the hosts") List<AgentHost> hosts)
      implements CloudConfig {}

  /** One host. */
  record AgentHost(
      @About("its name") String id,
      @About("its agent's API") String url,
      @About(value = "failure domains: zone, feed, rack, chassis", otherwise = "its own of each")
          Optional<Map<String, String>> location,
      @About("what it has: vcpus, memoryMib, diskGib") Map<String, Long> capacity) {}
}
