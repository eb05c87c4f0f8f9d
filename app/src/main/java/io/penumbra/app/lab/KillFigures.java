package io.penumbra.app.lab;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One kill and what came of it. Times are milliseconds after the kill unless they say otherwise.
 *
 * @param how what was killed: guest, host or silent
 * @param from the host that died
 * @param to the host that took over
 * @param detected when trouble was first suspected
 * @param steps how long each step of the failover took, by its name
 * @param active when the shadow had come to life
 * @param served when a client's write was acknowledged again
 * @param acked writes that had been acknowledged when the kill came
 * @param lost acknowledged writes that the shadow did not have
 * @param reconnects connections that clients had to make anew
 * @param atSeconds after the lab's start
 */
record KillFigures(
    int number,
    String how,
    String from,
    String to,
    double detected,
    SortedMap<String, Double> steps,
    double active,
    double served,
    long acked,
    long lost,
    long reconnects,
    double atSeconds) {
  KillFigures {
    steps = new TreeMap<>(steps);
  }
}
