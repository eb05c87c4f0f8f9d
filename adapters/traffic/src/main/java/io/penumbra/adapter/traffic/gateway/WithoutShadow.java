package io.penumbra.adapter.traffic.gateway;

/**
 * What output commit does with responses while there is no epoch whose ack they could wait for:
 * before the first one, and after a takeover until the next shadow has one.
 */
public enum WithoutShadow {
  /** They leave: the service goes on, and another failure may undo what clients have seen. */
  PASS,
  /** They wait: no client ever sees what is lost, and the service stands still until then. */
  WAIT
}
