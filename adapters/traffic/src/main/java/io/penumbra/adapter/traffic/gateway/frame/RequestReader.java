package io.penumbra.adapter.traffic.gateway.frame;

/** A protocol's way to find requests and to understand them. */
public interface RequestReader extends Framer {

  /**
   * Whether a whole message is to be dropped, for the server would not answer it (an empty line).
   */
  boolean nothing();

  /**
   * Whether the client waits for a word before it sends the rest (HTTP 100-continue). True once for
   * each request.
   */
  boolean wantsEncouragement();

  /** Understands a whole message. */
  Request read(byte[] message);

  /** What to tell a client whose request is broken or too large, before closing. */
  byte[] refusal(String why);
}
