package io.penumbra.simulator.world;

/** Is told of everything that really happens, at the moment it happens. */
@FunctionalInterface
public interface WorldObserver {

  void happened(Happening happening);
}
