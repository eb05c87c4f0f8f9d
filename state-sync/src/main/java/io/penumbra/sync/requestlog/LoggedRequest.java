package io.penumbra.sync.requestlog;

import java.util.Optional;
import java.util.zip.CRC32C;

/** One request, and how far it has come with the VM's present incarnation and with its client. */
final class LoggedRequest {

  /** In no epoch yet. */
  static final long NOT_YET = Long.MAX_VALUE;

  final ConnectionId connection;
  final long position;
  final byte[] request;
  final InDoubt whenInDoubt;

  /** Last told to this incarnation of the VM. */
  int incarnation;

  /** The first epoch whose cut came after it was delivered, and after it was answered. */
  long deliveredIn = NOT_YET;

  long answeredIn = NOT_YET;

  /** Waits for {@link #answeredIn} to be acked. */
  Optional<byte[]> held = Optional.empty();

  /** What the client was given, by length and CRC-32C: enough to notice another answer. */
  Optional<Given> given = Optional.empty();

  /** Nobody wants an answer: the client is gone, or was told that there will be none. */
  boolean abandoned;

  /** In doubt, and not to be told again. */
  boolean givenUp;

  LoggedRequest(ConnectionId connection, long position, byte[] request, InDoubt whenInDoubt) {
    this.connection = connection;
    this.position = position;
    this.request = request;
    this.whenInDoubt = whenInDoubt;
  }

  long bytes() {
    return request.length + held.map(response -> (long) response.length).orElse(0L);
  }

  boolean delivered() {
    return deliveredIn != NOT_YET;
  }

  boolean answered() {
    return answeredIn != NOT_YET;
  }

  boolean outstanding() {
    return delivered() && !answered() && !givenUp;
  }

  boolean toBeTold() {
    return !delivered() && !givenUp;
  }

  /** Whether nobody will need it again once its epoch is old enough. */
  boolean settled() {
    return givenUp || (answered() && held.isEmpty());
  }

  /** A fingerprint of a response. */
  record Given(int length, long crc) {

    static Given of(byte[] response) {
      CRC32C crc = new CRC32C();
      crc.update(response);
      return new Given(response.length, crc.getValue());
    }
  }
}
