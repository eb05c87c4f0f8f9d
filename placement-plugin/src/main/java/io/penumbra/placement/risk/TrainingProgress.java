package io.penumbra.placement.risk;

/** Is told how far training has come. */
public interface TrainingProgress {

  /** Tells nobody. */
  TrainingProgress SILENT =
      new TrainingProgress() {
        @Override
        public void read(long samples) {}

        @Override
        public void grown(int trees, int of) {}
      };

  /** So many samples have been read. */
  void read(long samples);

  /** So many trees have been grown. */
  void grown(int trees, int of);
}
