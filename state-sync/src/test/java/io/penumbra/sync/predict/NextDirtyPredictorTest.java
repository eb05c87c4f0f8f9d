package io.penumbra.sync.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Pages that change all the time are held back, those that changed once go ahead. */
class NextDirtyPredictorTest {

  private final NextDirtyPredictor predictor = new NextDirtyPredictor(8, 0.5);

  @Test
  void aPageThatChangesAllTheTimeIsNeverSettled() {
    for (int i = 0; i < 40; i++) {
      predictor.observed(new int[] {2});
    }
    predictor.observed(new int[] {2, 5});

    assertThat(predictor.settled(new int[] {2, 5})).containsExactly(5);
  }

  @Test
  void whatWasHotIsForgotten() {
    for (int i = 0; i < 40; i++) {
      predictor.observed(new int[] {2});
    }
    assertThat(predictor.isLikely(2)).isTrue();
    for (int i = 0; i < 8; i++) {
      predictor.observed(new int[0]);
    }

    assertThat(predictor.isLikely(2)).isFalse();
  }

  @Test
  void ratesStayInBoundsHoweverLongItGoesOn() {
    for (int i = 0; i < 10_000; i++) {
      predictor.observed(new int[] {0});
      assertThat(predictor.isLikely(7)).isFalse();
    }

    assertThat(predictor.isLikely(0)).isTrue();
  }

  @Test
  void refusesAShareThatIsNone() {
    assertThatThrownBy(() -> new NextDirtyPredictor(8, 1.5))
        .hasMessageContaining("likely above 1.5");
  }
}
