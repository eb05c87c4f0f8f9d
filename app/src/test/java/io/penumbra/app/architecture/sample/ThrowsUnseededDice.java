package io.penumbra.app.architecture.sample;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** Draws numbers that no seed can bring back, in every way there is. */
final class ThrowsUnseededDice {

  double math() {
    return Math.random();
  }

  Random random() {
    return new Random();
  }

  SplittableRandom splittable() {
    return new SplittableRandom();
  }

  int threadLocal() {
    return ThreadLocalRandom.current().nextInt();
  }

  RandomGenerator byName() {
    return RandomGenerator.of("L64X128MixRandom");
  }

  UUID uuid() {
    return UUID.randomUUID();
  }

  void shuffle(List<String> values) {
    Collections.shuffle(values);
  }
}
