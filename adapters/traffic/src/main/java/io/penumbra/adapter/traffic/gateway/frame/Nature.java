package io.penumbra.adapter.traffic.gateway.frame;

/** What a gateway has to know of a request. */
public enum Nature {
  /** Doing it twice is not the same as doing it once, or nobody knows. */
  ONCE,
  /** Doing it twice in a row is the same as doing it once. */
  REPEATABLE,
  /** Changes the connection, not the data: database, user, protocol version, name. */
  CONNECTION,
  /** Opens a transaction, whose requests are queued. */
  OPEN_TRANSACTION,
  /** Carries out a transaction or drops it. */
  CLOSE_TRANSACTION,
  /** Guards the next transaction by what the server remembers of this connection. */
  WATCH,
  /** Forgets everything about the connection. */
  RESET,
  /** May wait in the server for other requests. */
  BLOCKING,
  /** From its answer on the connection may no longer consist of requests and responses. */
  UPGRADE,
  /** From here on the connection no longer consists of requests and responses. */
  OPAQUE,
  /** The server closes the connection after its answer. */
  LAST
}
