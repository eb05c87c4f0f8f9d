package io.penumbra.adapter.traffic.gateway.frame;

/** One whole request as the client sent it. Its bytes may hold secrets: it has no toString. */
public final class Request {

  private final byte[] bytes;
  private final Nature nature;
  private final String slot;

  /**
   * A request.
   *
   * @param bytes not copied
   * @param slot what part of the connection it sets, if it sets one; for HTTP the method
   */
  public Request(byte[] bytes, Nature nature, String slot) {
    this.bytes = bytes;
    this.nature = nature;
    this.slot = slot;
  }

  /** The bytes themselves; not a copy. */
  public byte[] bytes() {
    return bytes;
  }

  /** What kind it is. */
  public Nature nature() {
    return nature;
  }

  /** Which part of the connection it sets: a later one of the same slot replaces it. */
  public String slot() {
    return slot;
  }
}
