package io.penumbra.simulator.engine;

/** The controller's process dies here. Thrown through the production code, as a real death is. */
final class SimulatedCrash extends RuntimeException {

  private static final long serialVersionUID = 1;

  SimulatedCrash(String where) {
    super(where, null, false, false);
  }
}
