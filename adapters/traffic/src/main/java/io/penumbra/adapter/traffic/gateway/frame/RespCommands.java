package io.penumbra.adapter.traffic.gateway.frame;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What Redis commands do to a connection, and which may be done twice. */
final class RespCommands {

  private static final int NAME_MAX = 32;
  private static final Map<String, Nature> NATURES = new TreeMap<>();

  static {
    put(
        Nature.REPEATABLE,
        """
        BITCOUNT BITPOS DBSIZE DEL DUMP ECHO EXISTS EXPIREAT EXPIRETIME FLUSHALL FLUSHDB GEOADD
        GEODIST GEOHASH GEOPOS GEOSEARCH GET GETBIT GETRANGE HDEL HEXISTS HGET HGETALL HKEYS HLEN
        HMGET HMSET HSCAN HSET HSTRLEN HVALS INFO KEYS LINDEX LLEN LPOS LRANGE LSET LTRIM MGET MSET
        OBJECT PERSIST PEXPIREAT PEXPIRETIME PFADD PFCOUNT PING PTTL SADD SCAN SCARD SDIFF SETBIT
        SETEX PSETEX SETRANGE SINTER SISMEMBER SMEMBERS SMISMEMBER SRANDMEMBER SREM SSCAN STRLEN
        SUNION TIME TTL TYPE UNLINK XLEN XRANGE XREAD XREVRANGE ZCARD ZCOUNT ZLEXCOUNT ZMSCORE
        ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREM ZREVRANGE ZREVRANK ZSCAN ZSCORE COMMAND CONFIG
        TOUCH MEMORY SLOWLOG LASTSAVE
        """);
    put(Nature.CONNECTION, "SELECT AUTH HELLO CLIENT READONLY READWRITE ASKING");
    put(Nature.OPEN_TRANSACTION, "MULTI");
    put(Nature.CLOSE_TRANSACTION, "EXEC DISCARD");
    put(Nature.WATCH, "WATCH UNWATCH");
    put(Nature.RESET, "RESET");
    put(
        Nature.BLOCKING,
        "BLPOP BRPOP BLMOVE BRPOPLPUSH BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF");
    put(
        Nature.OPAQUE,
        "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC"
            + " REPLCONF");
    put(Nature.LAST, "QUIT SHUTDOWN");
  }

  private RespCommands() {}

  private static void put(Nature nature, String names) {
    for (String name : names.strip().split("\\s+", -1)) {
      NATURES.put(name, nature);
    }
  }

  static Request read(byte[] message) {
    Arguments arguments = new Arguments(message);
    String name = arguments.next();
    Nature nature = NATURES.getOrDefault(name, Nature.ONCE);
    return switch (name) {
      case "CLIENT" -> client(message, arguments.next());
      // SET with options (NX, GET, a relative time to live) says something else the second time.
      case "SET" -> new Request(message, arguments.count() == 3 ? Nature.REPEATABLE : nature, name);
      case "XREAD", "XREADGROUP" -> new Request(message, read(arguments, nature), name);
      default -> new Request(message, nature, name);
    };
  }

  private static Request client(byte[] message, String subcommand) {
    return switch (subcommand) {
      case "REPLY" -> new Request(message, Nature.OPAQUE, "CLIENT REPLY");
      case "SETNAME", "SETINFO", "NO-EVICT", "NO-TOUCH", "TRACKING", "CACHING" ->
          new Request(message, Nature.CONNECTION, "CLIENT " + subcommand);
      default -> new Request(message, Nature.REPEATABLE, "CLIENT");
    };
  }

  private static Nature read(Arguments arguments, Nature nature) {
    for (String word = arguments.next(); !word.isEmpty(); word = arguments.next()) {
      if (word.equals("BLOCK")) {
        return Nature.BLOCKING;
      }
      if (word.equals("STREAMS")) {
        return nature;
      }
    }
    return nature;
  }

  /** Walks over the arguments of a whole request; long ones and those after the last are empty. */
  private static final class Arguments {

    private final byte[] message;
    private final boolean inline;
    private int at;

    Arguments(byte[] message) {
      this.message = message;
      this.inline = message[0] != '*';
      if (!inline) {
        skipLine();
      }
    }

    int count() {
      if (!inline) {
        return number(1);
      }
      return new String(message, ISO_8859_1).strip().split("\\s+", -1).length;
    }

    String next() {
      return inline ? nextInline() : nextBulk();
    }

    private String nextBulk() {
      if (at >= message.length) {
        return "";
      }
      int length = number(at + 1);
      skipLine();
      int start = at;
      at += length + 2;
      // An argument that is no word must not end the walk.
      return length == 0 || length > NAME_MAX ? "?" : word(start, length);
    }

    private String nextInline() {
      while (at < message.length && message[at] <= ' ' && message[at] >= 0) {
        at++;
      }
      int start = at;
      while (at < message.length && (message[at] > ' ' || message[at] < 0)) {
        at++;
      }
      return word(start, at - start).replaceAll("[\"']", "");
    }

    private String word(int start, int length) {
      return new String(message, start, length, ISO_8859_1).toUpperCase(Locale.ROOT);
    }

    private int number(int start) {
      int value = 0;
      for (int i = start; message[i] != '\r'; i++) {
        if (message[i] != '+') {
          value = value * 10 + (message[i] - '0');
        }
      }
      return value;
    }

    private void skipLine() {
      while (message[at] != '\n') {
        at++;
      }
      at++;
    }
  }
}
