package io.penumbra.domain;

/**
 * Idempotency key of a command: the same id executed twice has the effect of once. Ordered by its
 * text, which is how ties are broken.
 */
public record CommandId(String value) implements Comparable<CommandId> {

  public CommandId {
    Guard.identifier("command id", value);
  }

  public static CommandId of(String value) {
    return new CommandId(value);
  }

  @Override
  public int compareTo(CommandId other) {
    return value.compareTo(other.value);
  }

  @Override
  public String toString() {
    return value;
  }
}
