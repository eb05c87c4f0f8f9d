package io.penumbra.tiers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.tiers.ChunkStore.Got.Found;
import io.penumbra.tiers.ChunkStore.Got.NotFound;
import io.penumbra.tiers.ChunkStore.Put.Stored;
import io.penumbra.tiers.pack.PackCollector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Two machines with a store each over one object tier: one reads what the other has kept. */
class SharedTierTest {

  private static final VmId WEB = VmId.of("web");

  private final Bench here = new Bench();
  private final Bench there = new Bench(here.objects);

  @Test
  void whatAnotherStoreHasKeptIsReadAfterItsPacksWereLookedAt() throws IOException {
    there.owner = "there";
    TieredChunkStore writer = here.open();
    List<ChunkId> ids = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      ids.add(((Stored) writer.lane(WEB, ShadowMode.COLD).put(Bench.noise(i, 1_000))).id());
    }
    writer.flush();
    TieredChunkStore reader = there.open();
    assertThat(reader.get(ids.getFirst())).isInstanceOf(NotFound.class);

    assertThat(reader.learn("here", ids)).isEmpty();

    assertThat(
            reader.readAll(
                ids, (index, content) -> assertThat(content).isEqualTo(Bench.noise(index, 1_000))))
        .isInstanceOf(ChunkStore.ReadAll.Complete.class);
    assertThat(reader.get(ids.getLast())).isEqualTo(new Found(Bench.noise(39, 1_000)));
    // It relies on none of it: what it is given itself it writes itself.
    assertThat(reader.put(Bench.noise(0, 1_000))).isEqualTo(new Stored(ids.getFirst(), true));
    there.pass(Duration.ofHours(1));
    new GarbageCollection(reader).run(false);
    assertThat(writer.get(ids.get(5))).isInstanceOf(Found.class);
    assertThat(reader.get(ids.get(5))).as("still readable here").isInstanceOf(Found.class);
  }

  @Test
  void whatTheOtherStoreHasRemovedIsForgottenAtTheNextLook() throws IOException {
    there.owner = "there";
    TieredChunkStore writer = here.open();
    ChunkId id = ((Stored) writer.put(Bench.noise(1, 1_000))).id();
    writer.flush();
    TieredChunkStore reader = there.open();
    assertThat(reader.learn("here", List.of(id))).isEmpty();
    here.pass(Duration.ofHours(1));
    new GarbageCollection(writer).run(false);

    ChunkId never = reader.name(Bench.noise(7, 10));
    assertThat(reader.learn("here", List.of(id, never))).isEmpty();

    assertThat(reader.get(id)).isInstanceOf(NotFound.class);
  }

  @Test
  void whatIsCopiedOutOfAPackIsInTheObjectTierBeforeThePackGoes() throws IOException {
    there.owner = "there";
    TieredChunkStore writer = here.open();
    List<ChunkId> ids = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      ids.add(((Stored) writer.put(Bench.noise(i, 1_000))).id());
    }
    writer.flush();
    List<ChunkId> kept = ids.subList(0, 1);
    writer.manifests().commit(here.manifest(1, kept), 0);
    List<String> before = here.objects.keys("packs/here/");
    here.pass(Duration.ofHours(1));

    here.objects.losesAnswers(() -> true);
    assertThat(swept(writer).problems())
        .singleElement(STRING)
        .contains(before.getFirst() + " stays until", "answer lost");
    assertThat(here.objects.keys("packs/here/")).containsAll(before);
    here.objects.losesAnswers(() -> false);
    assertThat(swept(writer).packsDeleted()).isEqualTo(1);
    assertThat(here.objects.keys("packs/here/")).doesNotContainAnyElementsOf(before);

    // The machine is lost before it does anything else.
    TieredChunkStore reader = there.open();
    assertThat(reader.learn("here", kept)).isEmpty();
    assertThat(reader.get(kept.getFirst())).isEqualTo(new Found(Bench.noise(0, 1_000)));
  }

  private static PackCollector.Swept swept(TieredChunkStore store) throws IOException {
    return ((GarbageCollection.Collected.Done) new GarbageCollection(store).run(false)).swept();
  }
}
