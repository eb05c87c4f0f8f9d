package io.penumbra.sync.frame;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateRoot;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Turns bytes into messages. It never believes a length: what is announced has to be there before
 * memory is taken for it.
 */
final class MessageReader {

  private final ByteBuffer in;

  private MessageReader(ByteBuffer in) {
    this.in = in;
  }

  /** Reads a message that fills these bytes exactly. */
  static Result read(byte type, ByteBuffer content) {
    try {
      MessageReader reader = new MessageReader(content);
      Message message = reader.message(type);
      return content.hasRemaining()
          ? new Result.Bad("%d bytes too many".formatted(content.remaining()))
          : new Result.Good(message);
    } catch (BufferUnderflowException e) {
      return new Result.Bad("a message of type %d that ends too early".formatted(type));
    } catch (IllegalArgumentException | DateTimeException e) {
      return new Result.Bad(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Reads a manifest alone.
   *
   * @throws IllegalArgumentException if it is none
   */
  static EpochManifest manifest(byte[] bytes) {
    try {
      MessageReader reader = new MessageReader(ByteBuffer.wrap(bytes));
      EpochManifest manifest = reader.manifest();
      if (reader.in.hasRemaining()) {
        throw new IllegalArgumentException(
            "manifest with %d bytes too many".formatted(reader.in.remaining()));
      }
      return manifest;
    } catch (BufferUnderflowException | DateTimeException e) {
      throw new IllegalArgumentException("manifest of %d bytes".formatted(bytes.length), e);
    }
  }

  private Message message(byte type) {
    return switch (type) {
      case MessageType.HELLO ->
          new Message.Hello(VmId.of(text()), layout(), in.getLong(), in.getInt());
      case MessageType.WELCOME ->
          new Message.Welcome(in.getLong(), in.getLong(), root(), in.getLong());
      case MessageType.REFUSAL -> new Message.Refusal(text());
      case MessageType.PLAN -> plan();
      case MessageType.WANT -> new Message.Want(in.getLong(), in.getLong(), in.getInt(), pages(0));
      case MessageType.NEED_PLAN -> new Message.NeedPlan(in.getLong(), in.getLong(), scope());
      case MessageType.PAGES -> content();
      case MessageType.COMMIT -> new Message.Commit(in.getLong(), manifest());
      case MessageType.ACK -> new Message.Ack(in.getLong(), root(), flag());
      default -> throw new IllegalArgumentException("a message of unknown type " + type);
    };
  }

  private Message plan() {
    long epoch = in.getLong();
    long cut = in.getLong();
    int part = in.getInt();
    boolean whole = flag();
    int[] pages = pages(Long.BYTES);
    return new Message.Plan(epoch, cut, part, whole, pages, hashes(pages.length));
  }

  private Message content() {
    long epoch = in.getLong();
    long cut = in.getLong();
    boolean standalone = flag();
    int[] pages = pages(Long.BYTES);
    long[] hashes = hashes(pages.length);
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] block = new byte[length];
    in.get(block);
    return new Message.Pages(epoch, cut, standalone, pages, hashes, block);
  }

  private EpochManifest manifest() {
    VmId vm = VmId.of(text());
    long epoch = in.getLong();
    long base = in.getLong();
    Instant cutAt = Instant.ofEpochSecond(in.getLong(), in.getInt());
    StateLayout layout = layout();
    StateRoot root = root();
    long changed = in.getLong();
    Consistency consistency = Consistency.valueOf(text());
    long position = in.getLong();
    return new EpochManifest(
        vm, epoch, base, cutAt, layout, root, changed, consistency, position, health());
  }

  private HealthSnapshot health() {
    HealthSnapshot.Condition condition = HealthSnapshot.Condition.valueOf(text());
    int count = in.getShort();
    if (count < 0 || count > HealthSnapshot.VITALS_MAX) {
      throw new IllegalArgumentException(count + " vitals");
    }
    SortedMap<String, Double> vitals = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      vitals.put(text(), in.getDouble());
    }
    return new HealthSnapshot(condition, vitals);
  }

  private StateLayout layout() {
    int count = in.getShort();
    if (count < 1 || count > StateLayout.REGIONS_MAX) {
      throw new IllegalArgumentException(count + " regions");
    }
    List<Region> regions = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      RegionId id = RegionId.of(text());
      regions.add(new Region(id, RegionKind.valueOf(text()), in.getLong()));
    }
    return new StateLayout(regions);
  }

  private Scope scope() {
    byte kind = in.get();
    int region = in.getInt();
    return switch (kind) {
      case 0 -> new Scope.Changed();
      case 1 -> new Scope.InRegion(region);
      case 2 -> new Scope.Everything();
      default -> throw new IllegalArgumentException("a scope of unknown kind " + kind);
    };
  }

  private StateRoot root() {
    return new StateRoot(in.getLong(), in.getLong());
  }

  private String text() {
    int length = in.getShort();
    if (length < 0 || length > Message.TEXT_BYTES_MAX) {
      throw new IllegalArgumentException("a text of %d bytes".formatted(length));
    }
    if (length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private int[] pages(int bytesEachBehind) {
    int count = in.getInt();
    if (count < 0 || count > Message.PAGES_MAX) {
      throw new IllegalArgumentException(count + " pages");
    }
    if ((long) count * (1 + bytesEachBehind) > in.remaining()) {
      throw new BufferUnderflowException();
    }
    int[] pages = new int[count];
    int before = -1;
    for (int i = 0; i < count; i++) {
      int number = number();
      pages[i] = before + 1 + ((number >>> 1) ^ -(number & 1));
      if (pages[i] < 0) {
        throw new IllegalArgumentException("page number " + pages[i]);
      }
      before = pages[i];
    }
    return pages;
  }

  private long[] hashes(int count) {
    if ((long) count * Long.BYTES > in.remaining()) {
      throw new BufferUnderflowException();
    }
    long[] hashes = new long[count];
    in.asLongBuffer().get(hashes);
    in.position(in.position() + count * Long.BYTES);
    return hashes;
  }

  private int number() {
    int value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number of more than 32 bits");
  }

  private boolean flag() {
    byte value = in.get();
    if (value != 0 && value != 1) {
      throw new IllegalArgumentException("a flag of " + value);
    }
    return value == 1;
  }

  /** A message, or why there is none. */
  sealed interface Result {

    /** It is one. */
    record Good(Message message) implements Result {}

    /** It is none. */
    record Bad(String why) implements Result {}
  }
}
