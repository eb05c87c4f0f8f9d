package io.penumbra.sync.requestlog;

/** What to do with a response of the VM. */
public sealed interface Answer {

  /** Give it to the client. */
  record Release() implements Answer {}

  /** The log keeps it until this epoch is acked. */
  record Held(long epoch) implements Answer {}

  /**
   * The client has had its answer from the VM's earlier incarnation; drop this one.
   *
   * @param same whether the VM said the same again; if not, its state has gone another way
   */
  record Swallow(boolean same) implements Answer {}

  /** The client is gone; drop it. The request still counts, for it has changed the VM's state. */
  record NobodyThere() implements Answer {}

  /** An earlier incarnation said this, or it was said twice. Drop it. */
  record Stale(Delivery delivery) implements Answer {}

  /** No room to hold it. Read no more from the VM, and ask again when an epoch was acked. */
  record Full(long bytes, RequestLogBounds bounds) implements Answer {}
}
