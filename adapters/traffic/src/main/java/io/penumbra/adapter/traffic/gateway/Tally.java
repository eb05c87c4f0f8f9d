package io.penumbra.adapter.traffic.gateway;

import java.util.TreeMap;

/** Counts what happens. */
final class Tally {

  private static final int COMPLAINT_MAX = 300;

  long accepted;
  int opaque;
  long requests;
  long responses;
  long replayed;
  long swallowed;
  long differed;
  long givenUp;
  long refused;
  long leftInDoubt;
  long stalls;
  long lapsedCuts;
  long takeovers;
  long closedByTakeover;
  private long cuts;
  private long quietCuts;
  private long cutMicros;
  private long cutMicrosMax;
  private long ackWaitMicros;
  private long released;
  private long defects;
  private String lastComplaint = "";

  private final long start = System.nanoTime();

  /** For each open epoch: how many responses are held, and the sum of when that began. */
  private final TreeMap<Long, Waits> waits = new TreeMap<>();

  void held(long epoch) {
    waits.computeIfAbsent(epoch, _ -> new Waits()).add(micros());
  }

  void released(long epoch, int count) {
    released += count;
    long now = micros();
    var done = waits.headMap(epoch, true);
    for (Waits wait : done.values()) {
      ackWaitMicros += wait.until(now);
    }
    done.clear();
  }

  /** A takeover undoes what was held. */
  void forgetHeld() {
    waits.clear();
  }

  void cut(long nanos, boolean quiet) {
    cuts++;
    quietCuts += quiet ? 1 : 0;
    cutMicros += nanos / 1_000;
    cutMicrosMax = Math.max(cutMicrosMax, nanos / 1_000);
  }

  void complaint(String why) {
    lastComplaint = why.length() > COMPLAINT_MAX ? why.substring(0, COMPLAINT_MAX) : why;
  }

  void defect(RuntimeException e) {
    defects++;
    StackTraceElement[] trace = e.getStackTrace();
    complaint("defect: " + e + (trace.length > 0 ? " at " + trace[0] : ""));
  }

  private long micros() {
    return (System.nanoTime() - start) / 1_000;
  }

  GatewayMetrics metrics(
      String protection,
      String backendState,
      int connections,
      int outstanding,
      int logged,
      long logBytes,
      long streamHeldBytes) {
    return new GatewayMetrics(
        protection,
        backendState,
        connections,
        accepted,
        opaque,
        outstanding,
        requests,
        responses,
        logged,
        logBytes,
        waits.values().stream().mapToInt(wait -> wait.count).sum(),
        streamHeldBytes,
        replayed,
        swallowed,
        differed,
        givenUp,
        refused,
        leftInDoubt,
        stalls,
        cuts,
        quietCuts,
        lapsedCuts,
        cutMicros,
        cutMicrosMax,
        ackWaitMicros,
        released,
        takeovers,
        closedByTakeover,
        defects,
        lastComplaint);
  }

  /** Responses that wait for the same epoch. */
  private static final class Waits {

    private int count;
    private long since;

    void add(long now) {
      count++;
      since += now;
    }

    long until(long now) {
      return count * now - since;
    }
  }
}
