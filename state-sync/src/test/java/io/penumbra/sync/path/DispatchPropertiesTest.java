package io.penumbra.sync.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.penumbra.sync.erasure.GaloisKernel;
import io.penumbra.sync.path.wire.BrokenFrameException;
import io.penumbra.sync.path.wire.FrameCodec;
import io.penumbra.sync.path.wire.PathFrame;
import io.penumbra.sync.path.wire.PathFrame.Shard;
import io.penumbra.sync.path.wire.PathFrame.Spoilt;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Both ends with an adversary in between, who loses, repeats, reorders, cuts off and flips whatever
 * he likes and breaks paths: messages arrive whole, in order, each once, or not at all.
 */
class DispatchPropertiesTest {

  private static final int WORLDS = Integer.getInteger("penumbra.path.worlds", 150);
  private static final int GROUPS = 25;
  private static final long MILLISECOND = 1_000_000;

  @Test
  void whateverHappensOnTheWayMessagesArriveWholeAndInOrder() {
    for (long seed = 1; seed <= WORLDS; seed++) {
      new World(seed).run();
    }
  }

  /** One sender, one receiver, a few paths, and an adversary. */
  private static final class World {

    private final long seed;
    private final Random random;
    private final int paths;
    private final Dispatch dispatch;
    private final Reassembly reassembly;
    private final GroupCoder coder = new GroupCoder(GaloisKernel.best());
    private final List<byte[]> sent = new ArrayList<>();
    private final List<byte[]> received = new ArrayList<>();
    private final List<List<byte[]>> flying = new ArrayList<>();
    private final boolean[] up;
    private long now;

    World(long seed) {
      this.seed = seed;
      random = new Random(seed);
      paths = 1 + random.nextInt(4);
      up = new boolean[paths];
      CodeChoice choice = new CodeChoice(random.nextInt(2), 1 + random.nextInt(6));
      dispatch = new Dispatch(paths, choice, new EarliestArrival(), 0);
      reassembly = new Reassembly(new GroupCoder(GaloisKernel.best()), 1 << 20, 4 << 20);
      for (int path = 0; path < paths; path++) {
        flying.add(new ArrayList<>());
        raise(path);
      }
    }

    void run() {
      for (int round = 0; received.size() < GROUPS; round++) {
        boolean calm = round > 3000;
        assertThat(round).as("seed %d: rounds until all is there", seed).isLessThan(6000);
        now += MILLISECOND * (1 + random.nextInt(20));
        if (sent.size() < GROUPS && dispatch.unreadMessages() < 8) {
          offer();
        }
        for (int path = 0; path < paths; path++) {
          if (!up[path] && (calm || random.nextInt(20) == 0)) {
            raise(path);
          } else if (!calm && random.nextInt(60) == 0) {
            lower(path);
          }
          write(path);
          deliver(path, calm);
        }
        dispatch.tick(now);
        read();
      }
      assertThat(received.size()).as("seed %d", seed).isEqualTo(sent.size());
      assertThat(reassembly.heldBytes()).as("seed %d", seed).isZero();
    }

    private void raise(int path) {
      up[path] = true;
      dispatch.pathUp(path, now);
    }

    private void lower(int path) {
      up[path] = false;
      flying.get(path).clear();
      dispatch.pathDown(path, now);
    }

    private void offer() {
      byte[] message =
          new byte[random.nextInt(4) == 0 ? random.nextInt(50) : random.nextInt(200_000)];
      random.nextBytes(message);
      CodeChoice.Cut cut = dispatch.cut(message.length, now);
      ByteBuffer bytes = ByteBuffer.wrap(message);
      dispatch.admit(bytes, coder.parity(bytes, cut.shape()), cut, now);
      sent.add(message);
    }

    private void write(int path) {
      if (!up[path]) {
        return;
      }
      dispatch
          .next(path, now)
          .ifPresent(departure -> {
            ByteBuffer payload = departure.payload();
            ShardLabel label =
                new ShardLabel(
                    departure.group().id(),
                    departure.group().messageBytes(),
                    departure.shape(),
                    departure.index());
            ByteBuffer frame = ByteBuffer.allocate(FrameCodec.HEADER_BYTES + payload.remaining());
            FrameCodec.writeHeader(
                new Shard(departure.sequence(), label, payload.duplicate()), frame);
            frame.put(payload);
            flying.get(path).add(frame.array());
          });
    }

    private void deliver(int path, boolean calm) {
      List<byte[]> queue = flying.get(path);
      if (queue.isEmpty()) {
        return;
      }
      byte[] frame = queue.remove(calm ? 0 : random.nextInt(queue.size()));
      int fate = calm ? 9 : random.nextInt(14);
      switch (fate) {
        case 0 -> lower(path);
        case 1 -> {
          arrive(path, frame);
          arrive(path, frame);
        }
        case 2 -> flip(path, frame);
        case 3 -> truncate(path, frame);
        default -> arrive(path, frame);
      }
    }

    private void flip(int path, byte[] frame) {
      byte[] spoilt = frame.clone();
      for (int i = 0; i <= random.nextInt(3); i++) {
        spoilt[random.nextInt(spoilt.length)] ^= (byte) (1 << random.nextInt(8));
      }
      arrive(path, spoilt);
    }

    private void truncate(int path, byte[] frame) {
      ByteBuffer shorter = ByteBuffer.allocate(frame.length);
      shorter.put(frame, 0, random.nextInt(frame.length));
      arrive(path, shorter.array());
    }

    private void arrive(int path, byte[] frame) {
      if (!up[path]) {
        return;
      }
      try {
        ByteBuffer header = ByteBuffer.wrap(frame);
        int bytes = FrameCodec.payloadBytes(header);
        assertThat(bytes).isEqualTo(frame.length - FrameCodec.HEADER_BYTES);
        PathFrame read =
            FrameCodec.read(header, ByteBuffer.wrap(frame).slice(FrameCodec.HEADER_BYTES, bytes));
        switch (read) {
          case Shard(long sequence, ShardLabel label, ByteBuffer payload) ->
              dispatch.acked(
                  path, sequence, reassembly.take(label, payload, now).verdict(), 0, now);
          case Spoilt(long sequence) -> dispatch.acked(path, sequence, Verdict.CORRUPT, 0, now);
          default -> throw new AssertionError("seed " + seed + ": came as " + read);
        }
      } catch (BrokenFrameException broken) {
        lower(path);
      }
    }

    private void read() {
      for (var message = reassembly.poll(); message.isPresent(); message = reassembly.poll()) {
        byte[] bytes = message.get().array();
        assertThat(bytes)
            .as("seed %d, message %d", seed, received.size())
            .isEqualTo(sent.get(received.size()));
        received.add(bytes);
        reassembly.read();
      }
      if (random.nextInt(3) > 0) {
        dispatch.status(
            reassembly.readBelow(), reassembly.completeBelow(), reassembly.completeAbove());
      }
    }
  }
}
