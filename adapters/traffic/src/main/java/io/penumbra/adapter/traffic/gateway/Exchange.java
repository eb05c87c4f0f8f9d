package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.sync.requestlog.Delivery;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;

/** One request on its way to the VM, and what came back so far. */
final class Exchange {

  /** Whose it is. */
  enum Role {
    /** A client's. */
    CLIENT,
    /** A client's, and the client has had its answer: compare and drop. */
    AGAIN,
    /** The gateway's own, to bring a new connection into its state. */
    OWN
  }

  final Session session;
  final Request request;
  final Role role;

  /** Part of an open transaction: queued, not done. */
  final boolean queued;

  Optional<Delivery> delivery;

  /** The log that it is in, by number; 0 if none. */
  int logNumber;

  /** Whether it counts among the outstanding. */
  boolean counted;

  /** Kept until the answer is whole; else the client gets it as it comes. */
  boolean whole;

  /** So much of the answer the client has, from this incarnation or the one before. */
  private long given;

  private long givenBefore;
  private long givenCrc;

  private final CRC32C crc = new CRC32C();
  private final CRC32C print = new CRC32C();
  private long length;
  private long printed;
  private byte first;
  private ByteQueue body = new ByteQueue();
  private Optional<Recording.Line> listener = Optional.empty();

  Exchange(
      Session session, Request request, Role role, boolean queued, Optional<Delivery> delivery) {
    this.session = session;
    this.request = request;
    this.role = role;
    this.queued = queued;
    this.delivery = delivery;
  }

  /** The answer is kept there as well. */
  void listen(Recording.Line line) {
    listener = Optional.of(line);
  }

  /** The answer is whole, also for whoever keeps it. */
  void heard() {
    listener.ifPresent(Recording.Line::answered);
    listener = Optional.empty();
  }

  /** Position in the log; 0 if it is not in it. */
  long position() {
    return delivery.map(Delivery::position).orElse(0L);
  }

  /** The connection broke; the answer comes from the beginning once more. */
  void again(Optional<Delivery> nextDelivery) {
    if (given > givenBefore) {
      givenCrc = crc.getValue();
      givenBefore = given;
    }
    // Half of it may be there, and the rest would come from another instance.
    listener.ifPresent(Recording.Line::drop);
    listener = Optional.empty();
    delivery = nextDelivery;
    crc.reset();
    print.reset();
    length = 0;
    printed = 0;
    body = new ByteQueue();
  }

  /**
   * Takes a part of the answer.
   *
   * @param distinctive whether it counts for comparing with another answer
   * @return what the client is to be given now; empty if that can't be told, for the answer differs
   *     from what the client has of it already
   */
  Optional<ByteBuffer> part(byte[] bytes, int from, int count, boolean distinctive) {
    if (length == 0 && count > 0) {
      first = bytes[from];
    }
    listener = listener.filter(line -> line.take(bytes, from, count, distinctive));
    if (distinctive) {
      print.update(bytes, from, count);
      printed += count;
    }
    if (whole) {
      body.append(bytes, from, count);
      length += count;
      return Optional.of(ByteBuffer.allocate(0));
    }
    int seen = (int) Math.min(count, Math.max(0, givenBefore - length));
    crc.update(bytes, from, seen);
    length += seen;
    if (seen > 0 && length == givenBefore && crc.getValue() != givenCrc) {
      return Optional.empty();
    }
    crc.update(bytes, from + seen, count - seen);
    length += count - seen;
    given = Math.max(given, length);
    return Optional.of(ByteBuffer.wrap(bytes, from + seen, count - seen));
  }

  boolean refused() {
    return first == '-';
  }

  /** What tells this answer from another one: length and checksum of what counts in it. */
  byte[] fingerprint() {
    return ByteBuffer.allocate(16).putLong(printed).putLong(print.getValue()).array();
  }

  long bodySize() {
    return body.size();
  }

  byte[] body() {
    return Arrays.copyOfRange(body.array(), body.head(), body.tail());
  }
}
