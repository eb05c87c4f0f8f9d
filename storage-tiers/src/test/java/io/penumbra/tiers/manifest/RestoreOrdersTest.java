package io.penumbra.tiers.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.domain.VmId;
import io.penumbra.tiers.object.ObjectTier;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.twin.MemoryObjects;
import io.penumbra.tiers.twin.Power;
import io.penumbra.tiers.twin.TornDisk;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RestoreOrdersTest {

  private static final VmId VM = VmId.of("web.1/a");

  private final Power power = new Power();
  private final MemoryObjects objects = new MemoryObjects(power);
  private final TornDisk disk = new TornDisk(power);
  private final RestoreOrders orders = new RestoreOrders(disk, objects, ChunkSeal.plain(1));

  @Test
  void remembersTheLastOrderFirstAndAsMuchAgainOfTheOnesBefore() {
    assertThat(orders.load(VM)).isEmpty();
    assertThat(orders.save(VM, List.of(5, 3, 9, 1, 8, 2))).isTrue();
    assertThat(orders.load(VM)).containsExactly(5, 3, 9, 1, 8, 2);

    orders.save(VM, List.of(1, 7));
    assertThat(orders.load(VM)).containsExactly(1, 7, 5, 3);
    assertThat(orders.forget(VM)).isTrue();
    assertThat(orders.load(VM)).isEmpty();
  }

  @Test
  void hasABound() {
    orders.save(VM, IntStream.range(0, RestoreOrders.PLACES_MAX + 10).boxed().toList());
    assertThat(orders.load(VM)).hasSize(RestoreOrders.PLACES_MAX).startsWith(0, 1, 2);
  }

  @Test
  void survivesThePowerAndTheMachine() {
    orders.save(VM, List.of(4, 2));
    power.restore();
    disk.settle(new SplittableRandom(1));
    assertThat(new RestoreOrders(disk, objects, ChunkSeal.plain(1)).load(VM)).containsExactly(4, 2);

    RestoreOrders elsewhere = new RestoreOrders(new TornDisk(power), objects, ChunkSeal.plain(1));
    assertThat(elsewhere.load(VM)).containsExactly(4, 2);
  }

  @Test
  void oneThatIsDamagedIsNone() {
    orders.save(VM, List.of(4, 2));
    String key = objects.keys("orders/").getFirst();
    byte[] content = objects.raw(key).orElseThrow();
    content[content.length - 1] ^= 1;
    RestoreOrders elsewhere = new RestoreOrders(new TornDisk(power), objects, ChunkSeal.plain(1));
    assertThat(elsewhere.load(VM)).isEmpty();
    objects.put(key, ByteBuffer.allocate(3));
    assertThat(elsewhere.load(VM)).isEmpty();
  }

  @Test
  void isKeptHereWhileTheObjectTierIsAway() {
    objects.away(true);
    assertThat(orders.save(VM, List.of(4, 2))).isFalse();
    assertThat(orders.load(VM)).containsExactly(4, 2);
    assertThat(objects.list("orders/")).isInstanceOf(ObjectTier.Unavailable.class);
  }
}
