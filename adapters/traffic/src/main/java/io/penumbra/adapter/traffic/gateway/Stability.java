package io.penumbra.adapter.traffic.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.penumbra.adapter.traffic.gateway.Recording.Line;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which answers may differ although nothing is wrong: those that tell the time or chance; those in
 * which only the order is another; those to requests that crossed another client's which may have
 * had to do with them; and whatever is asked of the same keys after one of these.
 */
final class Stability {

  private static final Set<String> NEVER_THE_SAME =
      names(
          """
          ACL CLIENT COMMAND CONFIG DEBUG EVAL EVALSHA FCALL HELLO HRANDFIELD INFO LASTSAVE LATENCY
          MEMORY OBJECT PTTL RANDOMKEY ROLE SCAN SLOWLOG SPOP SRANDMEMBER TIME TTL XADD ZRANDMEMBER
          """);

  /** They have to do with every key. */
  private static final Set<String> OF_ALL_KEYS =
      names("DBSIZE EXEC FLUSHALL FLUSHDB KEYS SCAN SWAPDB EVAL EVALSHA FCALL");

  private final List<Line> lines;
  private final Protocol protocol;
  private final Set<String> unsure = new TreeSet<>();

  Stability(List<Line> lines, Protocol protocol) {
    this.lines = lines;
    this.protocol = protocol;
  }

  private static Set<String> names(String text) {
    return new TreeSet<>(Arrays.asList(text.strip().split("\\s+", -1)));
  }

  /** Whether these two answers to one request may well differ. */
  boolean mayDiffer(Line line, byte[] first, byte[] second) {
    boolean may =
        NEVER_THE_SAME.contains(line.request.slot())
            || sameInAnotherOrder(first, second)
            || touchesUnsure(line)
            || lines.stream().anyMatch(other -> other.crosses(line) && touch(line, other));
    if (may) {
      unsure.addAll(keys(line));
    }
    return may;
  }

  private boolean touchesUnsure(Line line) {
    return protocol == Protocol.RESP && keys(line).stream().anyMatch(unsure::contains);
  }

  private static boolean sameInAnotherOrder(byte[] first, byte[] second) {
    boolean arrays = first.length == second.length && first.length > 0 && isArray(first[0]);
    if (!arrays) {
      return false;
    }
    List<String> one = sortedLines(first);
    // The same bytes in the same lines: an array of sets, say, whose order is nobody's promise.
    return one.equals(sortedLines(second));
  }

  private static boolean isArray(byte type) {
    return type == '*' || type == '~' || type == '%';
  }

  private static List<String> sortedLines(byte[] answer) {
    String[] lines = new String(answer, ISO_8859_1).split("\r\n", -1);
    Arrays.sort(lines);
    return Arrays.asList(lines);
  }

  /** Whether one may have changed what the other was told. */
  private boolean touch(Line one, Line other) {
    if (protocol != Protocol.RESP
        || OF_ALL_KEYS.contains(one.request.slot())
        || OF_ALL_KEYS.contains(other.request.slot())) {
      return true;
    }
    Set<String> keys = keys(one);
    return keys(other).stream().anyMatch(keys::contains);
  }

  /** Every argument counts as a key: to take a value for one errs on the safe side. */
  private static Set<String> keys(Line line) {
    Set<String> keys = new TreeSet<>();
    String[] words = new String(line.request.bytes(), ISO_8859_1).split("\r\n", -1);
    boolean array = words[0].startsWith("*");
    if (array) {
      // *3 $3 SET $1 k $1 v: arguments are every other word, the first is the command.
      for (int i = 4; i < words.length; i += 2) {
        keys.add(words[i]);
      }
    } else {
      keys.addAll(Arrays.asList(words[0].strip().split(" +", -1)));
      keys.remove(line.request.slot());
    }
    return keys;
  }
}
