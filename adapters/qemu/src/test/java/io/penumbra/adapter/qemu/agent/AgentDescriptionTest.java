package io.penumbra.adapter.qemu.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.web.OpenApi;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentDescriptionTest {

  @Test
  void theDescriptionNamesEveryRouteAndNoOther(@TempDir Path directory) throws Exception {
    try (TestHost host = TestHost.alone(directory, "host-1")) {
      assertThat(new OpenApi(AgentRoutes.description()).differences(host.routes())).isEmpty();
    }
  }
}
