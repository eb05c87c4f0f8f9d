package io.penumbra.app.architecture.sample;

import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.function.Supplier;

/** Asks the machine what time it is, in every way there is. */
final class ReadsTheWallClock {

  final Supplier<Instant> hidden = Instant::now;

  Instant instant() {
    return Instant.now();
  }

  LocalDateTime local() {
    return LocalDateTime.now(ZoneOffset.UTC);
  }

  long nanos() {
    return System.nanoTime();
  }

  long millis() {
    return System.currentTimeMillis();
  }

  Clock clock() {
    return Clock.systemUTC();
  }

  InstantSource source() {
    return InstantSource.system();
  }
}
