package io.penumbra.adapter.qemu.cloud;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.agent.QemuHypervisor;
import io.penumbra.adapter.qemu.agent.TestHost;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.adapter.qemu.dirty.TrackingLibrary;
import io.penumbra.adapter.qemu.guest.GuestHome;
import io.penumbra.adapter.qemu.guest.GuestSpec;
import io.penumbra.adapter.qemu.guest.LaunchSettings;
import io.penumbra.adapter.qemu.guest.PortForward;
import io.penumbra.adapter.qemu.image.LabGuest;
import io.penumbra.adapter.qemu.lab.Lab;
import io.penumbra.domain.CommandId;
import io.penumbra.domain.HostId;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.command.Command;
import io.penumbra.domain.event.Event;
import io.penumbra.domain.event.FencingResult;
import io.penumbra.domain.event.Outcome;
import io.penumbra.domain.policy.ShadowMode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A bit flips in the memory of a real guest. Its agent finds it, and the guest goes back. */
@Timeout(400)
@SuppressWarnings("NullAway.Init") // every test begins with start()
class DriftTest {

  private static final VmId VM = VmId.of("vm-1");
  private static final HostId ONE = HostId.of("h1");
  private static final HostId TWO = HostId.of("h2");
  private static final Resources SIZE = new Resources(1, 128, 1);
  private static final Outcome DONE = new Outcome.Done();
  private static final int PAGE = 4096;
  private static final String COLD = "cold-".repeat(13_107);

  private final List<AutoCloseable> open = new ArrayList<>();
  private Path directory = Path.of("not made yet");
  private TestController controller;
  private TestHost one;
  private TestHost two;
  private int portOnOne;
  private int portOnTwo;
  private int commands;

  private void start(boolean rollBack) throws Exception {
    LabGuest image = Lab.needed();
    Reply<Path> library = TrackingLibrary.in(TrackingLibrary.usualCache());
    if (!"true".equals(System.getenv("CI"))) {
      assumeTrue(library.isDone(), () -> "no tracking: " + library.refusal().orElse(""));
    }
    directory = ShortDirectory.create();
    LaunchSettings launch = LaunchSettings.DEFAULT.withTracking(library.orThrow());
    controller = TestController.start(directory.resolve("books.json"));
    open.add(controller);
    one = TestHost.scrubbing(directory, ONE.value(), controller.address(), launch, rollBack);
    open.add(() -> one.removeGuests(VM));
    open.add(one);
    two = TestHost.scrubbing(directory, TWO.value(), controller.address(), launch, rollBack);
    open.add(() -> two.removeGuests(VM));
    open.add(two);
    controller.await(Event.HostDiscovered.class, 2);
    portOnOne = TestHost.freePort();
    portOnTwo = TestHost.freePort();
    controller.cloud().start(spec(image), ONE);
    controller.await(Event.VmCreated.class, 1);
    try (RedisClient redis = RedisClient.await(portOnOne, GuestOnHosts.BOOT)) {
      redis.set("cold", COLD);
    }
    assertThat(
            controller.run(
                new Command.CreateShadow(
                    next(), VM, ONE, TWO, ShadowMode.WARM, SIZE, Duration.ofMillis(200), false)))
        .isEqualTo(DONE);
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
    ShortDirectory.delete(directory);
  }

  private VmSpec spec(LabGuest image) {
    GuestSpec guest =
        GuestSpec.of(VM, 128, image.redis())
            .withForwards(List.of(new PortForward("127.0.0.1", portOnOne, 6379)));
    return TestHost.spec(VM.value())
        .withGuest(
            QemuHypervisor.describe(
                guest, TWO.value(), List.of(new PortForward("127.0.0.1", portOnTwo, 6379))),
            new VmSpec.ServiceCheck(
                "6379", VmSpec.ServiceCheck.Kind.RESP, "", Duration.ofSeconds(1)));
  }

  private CommandId next() {
    return CommandId.of("c-" + ++commands);
  }

  @Test
  void aFlippedBitIsFoundAndNamedAndTheGuestGoesBackToItsLastHealthyEpoch() throws Exception {
    start(true);
    writeForSomePasses();
    assertThat(metric("penumbra_drift_pages")).as("no noise").isZero();
    aFlippedBitOfTheShadowIsFoundAndMended();

    List<Integer> pages = flipABitOfTheColdValue();
    long flipped = System.nanoTime();
    controller.await(Event.GuestFailed.class, 1);
    System.out.printf("flipped; given up %.0f ms later%n", (System.nanoTime() - flipped) / 1e6);

    String symptom = symptom();
    assertThat(symptom).contains("CHANGED_UNWRITTEN");
    if (symptom.contains("page %d of ram".formatted(pages.getLast()))) {
      assertThat(symptom).contains("1 bits in 1 bytes");
    } else {
      // Read just while a buffer was tried, which was mended before it was described.
      assertThat(pages).contains((int) number(symptom, "page (\\d+) of ram"));
    }
    assertThat(controller.verify(VM, ONE))
        .isInstanceOfSatisfying(
            Outcome.Failed.class, failed -> assertThat(failed.code()).isEqualTo("doubted"));
    Outcome.Synced state = failOver();
    assertThat(state.epoch()).isLessThanOrEqualTo(number(symptom, "last healthy epoch (\\d+)"));
    assertThatTheValueIsWholeOnTwo();
  }

  @Test
  void askedToTheShadowTakesOverFromTheLastEpochAtWhichTheGuestWasWell() throws Exception {
    start(false);
    writeForSomePasses();

    flipABitOfTheColdValue();
    controller.until("drift is seen", () -> metric("penumbra_drift_pages") > 0);
    long healthy = (long) metric("penumbra_drift_healthy_epoch");
    long seen = controller.instance(one, VM).orElseThrow().epoch();
    controller.until("suspect epochs follow", () -> epochOnTwo() > seen + 1);
    assertThat(controller.verify(VM, ONE)).isEqualTo(DONE);

    assertThat(
            TestController.answer(
                () -> controller.cloud().rollBack(VM, Optional.of(4_711_000L), "a test")))
        .as("no such epoch")
        .isInstanceOf(io.penumbra.web.Reply.Refused.class);
    long before = epochOnTwo();
    controller.until("it follows on", () -> epochOnTwo() > before);
    assertThat(
            TestController.answer(
                () -> controller.cloud().rollBack(VM, Optional.empty(), "a test")))
        .isInstanceOf(io.penumbra.web.Reply.Ok.class);
    controller.await(Event.GuestFailed.class, 1);
    assertThat(symptom()).isEqualTo("a test");
    assertThat(failOver().epoch()).isLessThanOrEqualTo(healthy);
    assertThatTheValueIsWholeOnTwo();
  }

  /** Under load, so that there would be noise if there were any. */
  private void writeForSomePasses() throws Exception {
    double passes = metric("penumbra_replica_scrub_passes_total");
    long until = System.nanoTime() + 120_000_000_000L;
    try (RedisClient redis = RedisClient.to(portOnOne)) {
      for (int i = 0; metric("penumbra_replica_scrub_passes_total") < passes + 5; i++) {
        for (int key = 0; key < 50; key++) {
          redis.set("key-" + key, "value-" + i);
        }
        assertThat(System.nanoTime()).as("five passes in 120 s").isLessThan(until);
      }
    }
  }

  /** Before anybody needs it. */
  private void aFlippedBitOfTheShadowIsFoundAndMended() throws Exception {
    Path ram = GuestHome.in(directory.resolve(TWO.value()).resolve(VM.value())).ram();
    try (FileChannel file =
        FileChannel.open(ram, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      int page = 0;
      while (!isOfTheColdValue(file, page)) {
        page++;
      }
      flip(file, page);
      int rotten = page;
      controller.until("it is seen", () -> metric(two, "penumbra_shadow_rotten_pages_total") > 0);
      controller.until("it is mended", () -> isOfTheColdValueNow(file, rotten));
      assertThat(metric("penumbra_drift_pages")).as("the primary is well").isZero();
    }
  }

  private static boolean isOfTheColdValueNow(FileChannel file, int page) {
    try {
      return isOfTheColdValue(file, page);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /**
   * In the file that is the guest's memory, from outside: as failing memory would.
   *
   * @return the pages that were tried, the last of which stays wrong
   */
  private List<Integer> flipABitOfTheColdValue() throws Exception {
    Path ram = GuestHome.in(directory.resolve(ONE.value()).resolve(VM.value())).ram();
    try (FileChannel file =
            FileChannel.open(ram, StandardOpenOption.READ, StandardOpenOption.WRITE);
        RedisClient redis = RedisClient.to(portOnOne)) {
      List<Integer> tried = new ArrayList<>();
      for (int page = 0; page < file.size() / PAGE; page++) {
        if (isOfTheColdValue(file, page)) {
          tried.add(page);
          flip(file, page);
          if (!redis.get("cold").equals(COLD)) {
            return tried;
          }
          // A buffer that it went through.
          flip(file, page);
        }
      }
    }
    throw new AssertionError("the value is not in memory");
  }

  private static boolean isOfTheColdValue(FileChannel file, int page) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(PAGE);
    file.read(content, (long) page * PAGE);
    int at = COLD.indexOf((char) content.get(0));
    for (int shift = at; at >= 0 && shift < 5; shift++) {
      boolean all = true;
      for (int i = 0; i < PAGE && all; i++) {
        all = content.get(i) == (byte) COLD.charAt(shift + i);
      }
      if (all) {
        return true;
      }
    }
    return false;
  }

  private static void flip(FileChannel file, int page) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    long at = (long) page * PAGE + 1234;
    file.read(one, at);
    one.put(0, (byte) (one.get(0) ^ 1));
    file.write(one.flip(), at);
  }

  private String symptom() {
    return controller.cloud().events(0, 100_000).events().stream()
        .filter(Event.GuestFailed.class::isInstance)
        .map(event -> ((Event.GuestFailed) event).symptom())
        .findFirst()
        .orElseThrow();
  }

  /** What the loop does when a guest has failed. */
  private Outcome.Synced failOver() throws Exception {
    assertThat(controller.fence(new Command.FenceVm(next(), VM, ONE)))
        .isInstanceOf(FencingResult.Fenced.class);
    assertThat(controller.run(new Command.AllocateShadow(next(), VM, TWO, SIZE))).isEqualTo(DONE);
    Outcome outcome = controller.run(new Command.SyncLast(next(), VM, TWO, Optional.empty()));
    assertThat(outcome).isInstanceOf(Outcome.Synced.class);
    Outcome.Synced state = (Outcome.Synced) outcome;
    assertThat(
            controller.run(new Command.Activate(next(), VM, TWO, state.epoch(), state.term() + 1)))
        .isEqualTo(DONE);
    return state;
  }

  private void assertThatTheValueIsWholeOnTwo() throws Exception {
    try (RedisClient redis = RedisClient.await(portOnTwo, GuestOnHosts.BOOT)) {
      assertThat(redis.get("cold").equals(COLD)).as("the value is whole").isTrue();
      assertThat(redis.get("key-49")).startsWith("value-");
    }
  }

  private long epochOnTwo() {
    return controller.instance(two, VM).orElseThrow().epoch();
  }

  private static long number(String text, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    assertThat(found.find()).as(text).isTrue();
    return Long.parseLong(found.group(1));
  }

  /** What the primary's agent counts. */
  private double metric(String name) {
    return metric(one, name);
  }

  private static double metric(TestHost host, String name) {
    try (HttpClient http = HttpClient.newHttpClient()) {
      String text =
          http.send(
                  HttpRequest.newBuilder(URI.create(host.client().address() + "/metrics")).build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      return text.lines()
          .filter(line -> line.startsWith(name + "{"))
          .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
