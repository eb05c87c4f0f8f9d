package io.penumbra.adapter.openstack;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.delete;
import static com.github.tomakehurst.wiremock.client.WireMock.deleteRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** States of VMs that are gone, in a Glance that says no, and in a cloud that is seen in part. */
class StateSweepTest {

  private static final String IMAGES = "/image/v2/images";

  private final StubCloud stub = new StubCloud();

  @BeforeEach
  void start() {
    stub.list(
        IMAGES,
        "images",
        String.join(
            ",",
            state("there", "penumbra-vm0-0-3", "vm0", "ours"),
            state("left", "penumbra-vm1-0-2", "vm1", "ours"),
            state("begun", "penumbra-2-b-1-7", "2-b", "ours"),
            state("alien", "penumbra-vm2-0-2", "vm2", "theirs"),
            state("misnamed", "penumbra-vm3-0-2", "vm4", "ours"),
            state("shelved", "penumbra-vm1-hv-02-shelved", "vm1", "ours"),
            state("own", "nightly-0-2", "nightly", "ours")));
    deletionGives(204);
    stub.servers(StubCloud.server("vm0", 0, "ACTIVE", ""));
  }

  @AfterEach
  void close() {
    stub.close();
  }

  @Test
  void whatWasLeftWhileNobodyLookedGoes() throws Exception {
    try (OpenStackCloud cloud = cloud()) {
      cloud.snapshot();

      assertThat(cloud.sweepStates()).isTrue();
    }

    assertThat(deleted()).containsExactlyInAnyOrder("left", "begun");
  }

  @Test
  void whatGlanceDoesNotDeleteIsLookedAtAgain() throws Exception {
    deletionGives(409);
    try (OpenStackCloud cloud = cloud()) {
      cloud.snapshot();
      assertThat(cloud.sweepStates()).isFalse();
      deletionGives(204);

      assertThat(cloud.sweepStates()).isTrue();
    }

    assertThat(deleted()).containsExactlyInAnyOrder("left", "begun", "left", "begun");
  }

  @Test
  void nothingGoesBeforeEverythingWasSeen() throws Exception {
    try (OpenStackCloud cloud = cloud()) {

      stub.servers(
          StubCloud.server("vm0", 0, "ACTIVE", ""), StubCloud.server("vm1", 0, "ACTIVE", ""));
      cloud.snapshot();
      stub.servers(StubCloud.server("vm0", 0, "ACTIVE", ""), unreadable("vm1"));
      cloud.readEverything();
      assertThat(cloud.sweepStates()).isTrue();
      assertThat(deleted()).as("vm1 can't be read, as it is now").isEmpty();

      stub.servers(StubCloud.server("vm0", 0, "ACTIVE", ""));
      cloud.readEverything();
      assertThat(cloud.sweepStates()).isTrue();
    }

    assertThat(deleted()).containsExactlyInAnyOrder("left", "begun");
  }

  private OpenStackCloud cloud() {
    return stub.cloud(StubCloud.cutting(Duration.ofHours(1), 1));
  }

  private static String unreadable(String id) {
    return StubCloud.server(id, 0, "ACTIVE", "").replace("\"hv-0\"", "\"a\\thost\"");
  }

  private void deletionGives(int status) {
    stub.http.stubFor(
        delete(urlPathMatching(IMAGES + "/.*")).willReturn(aResponse().withStatus(status)));
  }

  private List<String> deleted() {
    return stub.http.findAll(deleteRequestedFor(urlPathMatching(IMAGES + "/.*"))).stream()
        .map(LoggedRequest::getUrl)
        .map(url -> url.substring(IMAGES.length() + 1))
        .toList();
  }

  private static String state(String id, String name, String vm, String owner) {
    return "{\"id\":\"%s\",\"name\":\"%s\",\"image_type\":\"snapshot\",\"status\":\"active\",\"owner\":\"%s\",\"created_at\":\"2026-01-01T00:00:00Z\",\"penumbra:shadow-of\":\"%s\"}"
        .formatted(id, name, owner, vm);
  }
}
