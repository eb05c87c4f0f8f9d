package io.penumbra.adapter.qemu.capture;

/**
 * A guest could not be held, or what it holds could not be read. The guest was let go; with it the
 * engine's session ends, and a new source may be opened when the guest is well.
 */
public final class CaptureFailedException extends RuntimeException {

  private static final long serialVersionUID = 1;

  CaptureFailedException(String message) {
    super(message);
  }
}
