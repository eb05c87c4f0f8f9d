package io.penumbra.tiers.pack;

/**
 * What can be said of one pack.
 *
 * @param heat how often all of it was read lately
 */
public record PackFacts(
    Temper temper,
    long bytes,
    long records,
    long liveRecords,
    long liveBytes,
    boolean local,
    boolean remote,
    boolean own,
    double heat) {}
