package io.penumbra.sync.frame;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateRoot;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class FrameTest {

  /** {@code -Dpenumbra.fuzz.frames=10000000} for the long run. */
  private static final int FUZZED = Integer.getInteger("penumbra.fuzz.frames", 1_000_000);

  private static final Optional<FrameKey> KEY = Optional.of(key(7));
  private static final StateLayout LAYOUT =
      new StateLayout(
          List.of(
              new Region(RegionId.of("ram"), RegionKind.RAM, 1 << 20),
              new Region(RegionId.of("disk-0"), RegionKind.DISK, 12345)));
  private static final StateRoot ROOT = new StateRoot(5, -6);
  private static final EpochManifest MANIFEST =
      new EpochManifest(
          VmId.of("vm-1"),
          8,
          7,
          Instant.parse("2026-11-21T03:00:00.123456789Z"),
          LAYOUT,
          ROOT,
          3,
          Consistency.STABLE,
          99,
          new HealthSnapshot(
              HealthSnapshot.Condition.WELL, new TreeMap<>(Map.of("guest.load1", 0.5))));

  private static final List<Message> MESSAGES =
      List.of(
          new Message.Hello(VmId.of("vm-1"), LAYOUT, 17, 1),
          new Message.Welcome(18, 7, ROOT, 19),
          new Message.Refusal("no room; free 3 GiB"),
          new Message.Plan(8, 20, 3, true, new int[] {0, 1, 2, 9, 4}, new long[] {1, 2, 3, 4, -5}),
          new Message.Want(8, 20, Message.Want.UNASKED, new int[] {Integer.MAX_VALUE, 0, 77}),
          new Message.NeedPlan(8, 20, new Scope.Changed()),
          new Message.NeedPlan(8, 20, new Scope.InRegion(1)),
          new Message.NeedPlan(8, 20, new Scope.Everything()),
          new Message.Pages(
              8, 20, false, new int[] {3, 4}, new long[] {11, 12}, new byte[] {1, 2, 3, 4, 5}),
          new Message.Commit(20, MANIFEST),
          new Message.Ack(8, ROOT, true));

  private final Random random = new Random(1);

  private static FrameKey key(int seed) {
    byte[] secret = new byte[FrameKey.BYTES];
    Arrays.fill(secret, (byte) seed);
    return FrameKey.of(secret);
  }

  private FrameSealer sealer(Optional<FrameKey> key) {
    return new FrameSealer(key, Direction.TO_RECEIVER, random);
  }

  private static FrameOpener opener(Optional<FrameKey> key) {
    return new FrameOpener(key, Direction.TO_RECEIVER);
  }

  @Test
  void whatIsSealedOpensToTheSameMessageWithAndWithoutAKey() {
    for (Optional<FrameKey> key : List.of(KEY, Optional.<FrameKey>empty())) {
      FrameSealer sealer = sealer(key);
      FrameOpener opener = opener(key);
      for (Message message : MESSAGES) {
        Opened opened = opener.open(sealer.seal(42, message));
        assertThat(opened).isInstanceOf(Opened.Read.class);
        assertThat(((Opened.Read) opened).session()).isEqualTo(42);
        assertThat(((Opened.Read) opened).message()).usingRecursiveComparison().isEqualTo(message);
      }
    }
  }

  @Test
  void anotherKeyAnotherDirectionOrNoKeyOpensNothing() {
    byte[] frame = sealer(KEY).seal(1, MESSAGES.getFirst());

    assertThat(opener(Optional.of(key(8))).open(frame)).isInstanceOf(Opened.Rejected.class);
    assertThat(new FrameOpener(KEY, Direction.TO_SENDER).open(frame))
        .isInstanceOf(Opened.Rejected.class);
    assertThat(opener(Optional.empty()).open(frame))
        .isEqualTo(
            new Opened.Rejected("encrypted, but this end has no key; give it the same --key-file"));
  }

  @Test
  void aFrameWithoutEncryptionIsRefusedWhereThereIsAKey() {
    byte[] frame = sealer(Optional.empty()).seal(1, MESSAGES.getFirst());

    assertThat(opener(KEY).open(frame)).isInstanceOf(Opened.Rejected.class);
  }

  @Test
  void noGuestBytesAndNoNamesAreReadableInASealedFrame() {
    Message message =
        new Message.Pages(
            1, 1, true, new int[] {0}, new long[] {1}, "guest's secret".getBytes(US_ASCII));

    assertThat(new String(sealer(KEY).seal(1, message), ISO_8859_1)).doesNotContain("secret");
  }

  @Test
  void noTwoFramesShareKeyAndNonce() {
    Set<ByteBuffer> seen = new HashSet<>();
    for (int session = 0; session < 50; session++) {
      FrameSealer sealer = sealer(KEY);
      for (int i = 0; i < 50; i++) {
        byte[] frame = sealer.seal(session, MESSAGES.get(i % MESSAGES.size()));
        // Number and salt, which make nonce and key.
        assertThat(seen.add(ByteBuffer.wrap(Arrays.copyOfRange(frame, 20, 44)))).isTrue();
      }
    }
  }

  @Test
  void aVersionThatIsNotOursSaysSo() {
    byte[] frame = sealer(Optional.empty()).seal(1, MESSAGES.getFirst());
    frame[2] = 2;

    assertThat(opener(Optional.empty()).open(frame)).isInstanceOf(Opened.Rejected.class);
  }

  @Test
  void aKeyIsThirtyTwoBytesOrTheirDigitsAndIsNeverPrinted() {
    assertThat(FrameKey.parse("0a".repeat(32).concat("\n").getBytes(US_ASCII)).secret())
        .isEqualTo(FrameKey.parse("0A".repeat(32).getBytes(US_ASCII)).secret());
    assertThatThrownBy(() -> FrameKey.parse("short".getBytes(US_ASCII)))
        .hasMessageContaining("64 hexadecimal digits");
    assertThat(KEY.toString()).doesNotContain("07");
  }

  @Test
  void aDamagedFrameIsAlwaysRefusedAndNeverThrows() {
    byte[][] frames = new byte[2 * MESSAGES.size()][];
    FrameSealer plain = sealer(Optional.empty());
    FrameSealer sealed = sealer(KEY);
    for (int i = 0; i < MESSAGES.size(); i++) {
      frames[2 * i] = plain.seal(3, MESSAGES.get(i));
      frames[2 * i + 1] = sealed.seal(3, MESSAGES.get(i));
    }
    FrameOpener plainOpener = opener(Optional.empty());
    FrameOpener sealedOpener = opener(KEY);
    SplittableRandom chance = new SplittableRandom(5);
    for (int i = 0; i < FUZZED / 2; i++) {
      int which = chance.nextInt(frames.length);
      byte[] damaged = damage(frames[which], chance);
      FrameOpener opener = which % 2 == 0 ? plainOpener : sealedOpener;
      if (opener.open(damaged) instanceof Opened.Read) {
        assertThat(damaged).as("seed 5, frame %d", i).isEqualTo(frames[which]);
      }
    }
  }

  @Test
  void contentThatNobodyHasCheckedNeverThrowsEither() {
    byte[][] contents = new byte[MESSAGES.size()][];
    MessageWriter writer = new MessageWriter();
    for (int i = 0; i < contents.length; i++) {
      contents[i] = writer.write(MESSAGES.get(i), 0, 0);
    }
    SplittableRandom chance = new SplittableRandom(6);
    int good = 0;
    for (int i = 0; i < FUZZED / 2; i++) {
      int which = chance.nextInt(contents.length);
      byte type =
          chance.nextInt(20) == 0 ? (byte) chance.nextInt(12) : MessageType.of(MESSAGES.get(which));
      byte[] damaged = damage(contents[which], chance);
      if (MessageReader.read(type, ByteBuffer.wrap(damaged)) instanceof MessageReader.Result.Good) {
        good++;
      }
    }
    assertThat(good).isPositive();
  }

  private static byte[] damage(byte[] frame, SplittableRandom chance) {
    byte[] damaged = frame.clone();
    switch (chance.nextInt(5)) {
      case 0 -> damaged = Arrays.copyOf(frame, chance.nextInt(frame.length));
      case 1 -> damaged = Arrays.copyOf(frame, frame.length + 1 + chance.nextInt(9));
      case 2 -> chance.nextBytes(damaged);
      case 3 -> {
        int at = chance.nextInt(frame.length);
        int bytes = Math.min(frame.length - at, 1 + chance.nextInt(8));
        System.arraycopy(frame, chance.nextInt(frame.length - bytes + 1), damaged, at, bytes);
      }
      default -> {
        for (int flips = 1 + chance.nextInt(3); flips > 0; flips--) {
          damaged[chance.nextInt(frame.length)] ^= (byte) (1 << chance.nextInt(8));
        }
      }
    }
    return damaged;
  }
}
