package io.penumbra.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.BadInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {

  @Test
  void readsNamesNumbersAndBrackets() {
    assertThat(HostPort.parse("--to", "node1:7400")).isEqualTo(new HostPort("--to", "node1", 7400));
    assertThat(HostPort.parse("--to", "[::1]:80").numeric().getAddress().isLoopbackAddress())
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "node1", ":80", "node1:", "node1:x", "node1:70000"})
  void namesWhatItCouldNotRead(String text) {
    assertThatThrownBy(() -> HostPort.parse("--to", text))
        .isInstanceOf(BadInputException.class)
        .hasMessage("--to: '%s' is no address; expected host:port", text);
  }

  @Test
  void wantsANumberWhereNamesMayNotResolve() {
    assertThatThrownBy(() -> HostPort.parse("--listen", "node1:80").numeric())
        .hasMessage("--listen: is 'node1'; expected an IP address");
  }
}
