package io.penumbra.sync.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.epoch.EpochManifest;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SessionTest {

  private static final int PAGES = TwoEnds.LAYOUT.pages();

  @Test
  void firstEverythingThenOnlyWhatHasChanged() {
    TwoEnds ends = new TwoEnds(1);
    Arrays.setAll(ends.live, page -> 1000L + page);
    run(ends, 1);
    assertThat(ends.pagesShipped).isEqualTo(PAGES);
    assertThat(ends.durable).isEqualTo(ends.live);

    ends.live[7] = 42;
    run(ends, 2);
    assertThat(ends.pagesShipped).isEqualTo(PAGES + 1);
    assertThat(ends.durable).isEqualTo(ends.live);
  }

  @Test
  void whatWentAheadOfTheCutIsNotSentAgain() {
    TwoEnds ends = new TwoEnds(9);
    ends.write(1000);
    run(ends, 2);
    int shipped = ends.pagesShipped;
    int planned = ends.plannedPages;
    ends.live[7] = 42;
    ends.live[8] = 43;
    ends.live[9] = 44;
    while (ends.pagesAhead == 0) {
      ends.turn();
      ends.sendAhead();
    }
    int ahead = ends.pagesAhead;
    ends.live[8] = 45;
    run(ends, 3);

    assertThat(ends.durable).isEqualTo(ends.live);
    assertThat(ends.plannedPages).as("asked for").isEqualTo(planned);
    assertThat(ends.pagesShipped - shipped).isBetween(3, ahead + 3);
  }

  @Test
  void whatWentAheadAndWasWrittenBackIsPutRight() {
    TwoEnds ends = new TwoEnds(10);
    ends.write(1000);
    run(ends, 2);
    long[] before = ends.live.clone();
    int planned = ends.plannedPages;
    ends.live[7] = 42;
    while (ends.pagesAhead == 0) {
      ends.turn();
      ends.sendAhead();
    }
    ends.live[7] = before[7];
    run(ends, 3);

    assertThat(ends.durable).isEqualTo(ends.live);
    assertThat(ends.plannedPages).as("asked for").isEqualTo(planned);
  }

  @Test
  void zerosAreNeverSent() {
    TwoEnds ends = new TwoEnds(1);
    Arrays.fill(ends.live, ends.durable[0]);
    ends.live[3] = 9;
    run(ends, 1);

    assertThat(ends.pagesShipped).isEqualTo(1);
    assertThat(ends.plannedPages).as("named").isEqualTo(1);
  }

  @Test
  void rotThatALookFindsIsMendedByThosePagesAlone() {
    TwoEnds ends = new TwoEnds(8);
    ends.write(1000);
    run(ends, 2);
    int planned = ends.plannedPages;
    int shipped = ends.pagesShipped;
    ends.rot(9);
    ends.rot(33);
    for (int page = 0; page < PAGES; page++) {
      ends.lookAt(page);
    }
    ends.live[10] = 78;
    run(ends, 3);

    assertThat(ends.plannedPages).isEqualTo(planned);
    assertThat(ends.pagesShipped - shipped).isEqualTo(3);
    assertThat(ends.durable).isEqualTo(ends.live);
  }

  @Test
  void aBrokenFirstTransferGoesOnWhereItWas() {
    TwoEnds ends = new TwoEnds(2);
    Arrays.setAll(ends.live, page -> 1000L + page);
    while (ends.pagesShipped < PAGES / 2) {
      ends.turn();
    }
    for (int i = 0; i < 20; i++) {
      ends.turn();
    }
    int before = ends.pagesShipped;
    ends.killSender();
    ends.killReceiver();
    run(ends, 1);

    assertThat(ends.pagesShipped).isLessThan(PAGES + before / 2);
    assertThat(ends.durable).isEqualTo(ends.live);
  }

  @Test
  void aSenderThatComesBackEmptyHandedSendsOnlyWhatDiffers() {
    TwoEnds ends = new TwoEnds(3);
    Arrays.setAll(ends.live, page -> 1000L + page);
    run(ends, 2);
    int before = ends.pagesShipped;
    ends.killSender();
    ends.live[5] = 1;
    ends.live[6] = 2;
    run(ends, 3);

    assertThat(ends.pagesShipped - before).isEqualTo(2);
    assertThat(ends.durable).isEqualTo(ends.live);
  }

  @Test
  void aReceiverThatWasKilledGoesOnFromItsLastEpochWithoutAnyPlan() {
    TwoEnds ends = new TwoEnds(4);
    ends.write(1000);
    run(ends, 3);
    int planned = ends.plannedPages;
    ends.killReceiver();
    ends.reconnect();
    ends.live[5] = 1;
    run(ends, 4);

    assertThat(ends.plannedPages).isEqualTo(planned);
    assertThat(ends.durable).isEqualTo(ends.live);
  }

  @Test
  void aRottenPageIsAskedForAlone() {
    TwoEnds ends = new TwoEnds(5);
    ends.write(1000);
    run(ends, 2);
    ends.rot(9);
    ends.live[9] = 77;
    ends.live[10] = 78;
    int standalone = ends.standaloneShipped;
    run(ends, 3);

    assertThat(ends.standaloneShipped - standalone).isEqualTo(1);
    assertThat(ends.durable).isEqualTo(ends.live);
  }

  @Test
  void whatRottedUnseenIsFoundWhenTheReceiverStartsAgain() {
    TwoEnds ends = new TwoEnds(6);
    ends.write(1000);
    run(ends, 2);
    ends.rot(50);
    ends.killReceiver();
    ends.reconnect();
    run(ends, 3);

    assertThat(ends.durable).isEqualTo(ends.live);
    assertThat(ends.acked.getLast().base()).isZero();
  }

  @Test
  void manyWrongPagesMakeItCompareTheRegionAndThenEverything() {
    TwoEnds ends = new TwoEnds(7);
    ends.write(1000);
    run(ends, 2);
    int planned = ends.plannedPages;
    for (int page = 0; page < 30; page++) {
      ends.rot(page);
      ends.live[page] = 500L + page;
    }
    run(ends, 3);

    assertThat(ends.plannedPages - planned).isGreaterThanOrEqualTo(40);
    assertThat(ends.durable).isEqualTo(ends.live);
  }

  @Test
  void whateverIsLostOrKilledEveryAckedEpochIsTheCutAndEpochsOnlyRise() {
    for (long seed = 0; seed < 400; seed++) {
      TwoEnds ends = new TwoEnds(seed);
      ends.loss = 0.3 * (seed % 4) / 3;
      story(ends, seed);
      ends.loss = 0;
      // One epoch may still be of before; the one after it holds what is live now.
      long newest = ends.newest.map(EpochManifest::epoch).orElse(0L);
      run(ends, Math.max(newest, ends.ackedEpoch()) + 2);
      assertThat(ends.durable).as("seed %d", seed).isEqualTo(ends.live);
      long before = 0;
      for (EpochManifest manifest : ends.acked) {
        assertThat(manifest.epoch()).as("seed %d", seed).isGreaterThan(before);
        before = manifest.epoch();
      }
    }
  }

  private static void story(TwoEnds ends, long seed) {
    for (int turn = 0; turn < 1500; turn++) {
      ends.turn();
      int chance = ends.random.nextInt(1000);
      if (chance < 20) {
        ends.write(ends.random.nextInt(20));
      } else if (chance >= 900 && seed % 3 != 0) {
        ends.sendAhead();
      } else if (chance >= 890 && seed % 3 != 0) {
        ends.writeBack();
      } else if (chance < 24) {
        ends.killReceiver();
      } else if (chance < 28) {
        ends.killSender();
      } else if (chance < 34) {
        ends.reconnect();
      } else if (chance < 36 && seed % 2 == 0) {
        // Found when the image is read again, at the start.
        ends.rot(ends.random.nextInt(PAGES));
        ends.killReceiver();
      } else if (chance < 38 && seed % 2 == 0 && ends.newest.isPresent() && ends.isOpen()) {
        int page = ends.random.nextInt(PAGES);
        ends.rot(page);
        ends.lookAt(page);
      }
    }
  }

  private static void run(TwoEnds ends, long untilEpoch) {
    for (int turn = 0; ends.ackedEpoch() < untilEpoch; turn++) {
      ends.turn();
      assertThat(turn).as("turns").isLessThan(20_000);
    }
  }
}
