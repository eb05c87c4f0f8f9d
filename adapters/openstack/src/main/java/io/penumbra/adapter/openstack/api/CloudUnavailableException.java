package io.penumbra.adapter.openstack.api;

/** The cloud can't be asked at all; whoever waits for it tries again later. */
public final class CloudUnavailableException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** Says which service, and what it did instead of answering. */
  public CloudUnavailableException(String message) {
    super(message);
  }
}
