package io.penumbra.placement.risk;

import java.util.Iterator;

/**
 * What a risk model learns from: samples, each with what became of its host afterwards. Iterated
 * once, in an order that is the same every time.
 */
public interface TrainingData {

  /** Where the samples come from, for the model's own record: a file, a scenario and its seed. */
  String source();

  /** About how many samples there are, for a progress bar; 0 when nobody knows. */
  long samplesAbout();

  /** The samples, from the first. */
  Iterator<ObservedTelemetry> samples();
}
