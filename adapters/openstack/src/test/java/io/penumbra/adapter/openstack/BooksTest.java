package io.penumbra.adapter.openstack;

import static io.penumbra.adapter.openstack.StubCloud.server;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.penumbra.domain.VmId;
import io.penumbra.placement.policy.PolicyResolver;
import io.penumbra.placement.policy.PolicyRules;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BooksTest {

  private static final String SHADOW =
      "\"penumbra:shadow-of\":\"vm1\",\"penumbra:role\":\"shadow\"";

  private final Books books = new Books(InstantSource.system(), () -> {});

  @Test
  void whatWasAskedForEarlierAndIsSaidLaterUndoesNothing() throws Exception {
    ServerRecord unfinished = read(server("sh1", 1, "SHUTOFF", SHADOW));
    ServerRecord complete =
        read(server("sh1", 1, "SHUTOFF", SHADOW + ",\"penumbra:state\":\"complete\""));
    long slow = books.now();
    long quick = books.now();

    books.saw(complete, quick);
    books.saw(unfinished, slow);

    assertThat(books.shadows(VmId.of("vm1"))).containsExactly(complete);
  }

  @Test
  void whatWasAskedForLaterCountsAlsoWhenBothWereUnderWay() throws Exception {
    ServerRecord before = read(server("sh1", 1, "SHUTOFF", SHADOW));
    ServerRecord after =
        read(server("sh1", 1, "SHUTOFF", SHADOW + ",\"penumbra:state\":\"complete\""));
    long first = books.now();
    long second = books.now();

    books.saw(before, first);
    books.saw(after, second);
    books.sawAll(List.of(before), first);

    assertThat(books.shadows(VmId.of("vm1"))).containsExactly(after);
  }

  @Test
  void whatIsRefusedIsToldOnTheServerThatIsTheVmUntilItIsDone() throws Exception {
    ServerRecord primary = read(server("vm1", 0, "ACTIVE", ""));
    books.saw(primary, books.now());
    books.saw(read(server("sh1", 1, "SHUTOFF", SHADOW)), books.now());

    books.refuses(VmId.of("vm1"), "dns vm1", "another's name");
    assertThat(books.withProblems()).containsExactly(primary);
    assertThat(books.problems(primary)).containsExactly("another's name");

    books.refuses(VmId.of("vm1"), "dns vm1", "");
    assertThat(books.withProblems()).isEmpty();
  }

  private static ServerRecord read(String json) throws Exception {
    return new ServerReader(new PolicyResolver(PolicyRules.none()), () -> "ours")
        .read(new ObjectMapper().readTree(json), Map.of())
        .orElseThrow();
  }
}
