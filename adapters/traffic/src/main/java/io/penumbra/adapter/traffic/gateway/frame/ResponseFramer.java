package io.penumbra.adapter.traffic.gateway.frame;

/** Finds the end of each response, which for HTTP depends on the request. */
public interface ResponseFramer extends Framer {

  /** Says what the next response is an answer to. */
  void answering(Request request);

  /** Whether the present message is no response but news that nobody asked for (RESP3 push). */
  boolean unasked();

  /**
   * Whether the bytes just taken count when two answers are compared: the head of an HTTP response
   * does not, for it holds the time of day.
   */
  boolean distinctive();

  /** Whether the other side speaks another protocol from here on (HTTP 101). */
  boolean switched();

  /** Whether the response ends with the connection. */
  boolean endsWithConnection();

  /** Whether the other side will close the connection after this response. */
  boolean last();
}
