package io.penumbra.scheduler.port;

/**
 * A journal could not do what was asked. What was being written may or may not be durable: whoever
 * catches this drops the journal, opens it again and replays. Trying the same append again is not
 * an option: after a failed sync, nobody can say what reached the disk (Rebello et al., "Can
 * Applications Recover from fsync Failures?", USENIX ATC 2020).
 */
public final class JournalUnavailableException extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** Says what failed and where. */
  public JournalUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Says what is wrong and where. */
  public JournalUnavailableException(String message) {
    super(message);
  }
}
