package io.penumbra.tiers.pack;

import java.time.Duration;
import java.time.Instant;

/** What a shelf knows of one pack. Guarded by the shelf's lock. */
final class Pack {

  final int number;
  final PackName name;
  final String owner;

  /** When it was begun, or found at an opening. */
  final Instant began;

  /** Changes when the VMs whose chunks it holds are protected otherwise. */
  Temper temper;

  /** Of the file; grows while the pack is open. */
  long bytes;

  long records;
  long recordBytes;
  long liveRecords;
  long liveBytes;
  boolean sealed;
  boolean local;
  boolean remote;

  /**
   * A force failed: what is in it can be read, but it is never sent as it is before the next
   * opening.
   */
  boolean stuck;

  private double heat;
  private Instant heatAt;

  Pack(int number, PackName name, String owner, Instant now) {
    this.number = number;
    this.name = name;
    this.owner = owner;
    this.temper = name.temper();
    this.began = now;
    this.heatAt = now;
  }

  boolean own() {
    return number > 0;
  }

  String localPath() {
    return "packs/" + name + ".pack";
  }

  String indexPath() {
    return "packs/" + name + ".idx";
  }

  String key() {
    return "packs/" + owner + "/" + name;
  }

  void add(int length) {
    records++;
    recordBytes += PackFormat.RECORD_BYTES + length;
    liveRecords++;
    liveBytes += PackFormat.RECORD_BYTES + length;
  }

  void lose(int length) {
    liveRecords--;
    liveBytes -= PackFormat.RECORD_BYTES + length;
  }

  /** Whether the object tier has all of it and the SSD could do without. */
  boolean mayLeave() {
    return local && remote && sealed && !stuck;
  }

  /** How often all of it was read lately; halves with every half-life. */
  double heat(Instant now, Duration halfLife) {
    double passed = Math.max(0, Duration.between(heatAt, now).toMillis());
    return heat * Math.pow(0.5, passed / halfLife.toMillis());
  }

  void warmBy(long readBytes, Instant now, Duration halfLife) {
    heat = heat(now, halfLife) + (double) readBytes / Math.max(1, bytes);
    heatAt = now;
  }
}
