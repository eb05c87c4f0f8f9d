package io.penumbra.sync.frame;

import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.epoch.StateRoot;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/** Turns messages into bytes: fixed numbers big end first, page numbers as differences. */
final class MessageWriter {

  /** A page number needs 5 bytes at most, its hash 8. */
  private static final int BYTES_PER_PAGE = 13;

  /** What everything else in a message needs at most, long texts and manifests apart. */
  private static final int ROOM = 256;

  private ByteBuffer out = ByteBuffer.allocate(1 << 16);

  /** The message in an array of its own, with room before and behind it. */
  byte[] write(Message message, int before, int behind) {
    out.clear();
    need(ROOM);
    switch (message) {
      case Message.Hello hello -> {
        text(hello.vm().value());
        layout(hello.layout());
        out.putLong(hello.challenge()).putInt(hello.coding());
      }
      case Message.Welcome welcome -> {
        out.putLong(welcome.token()).putLong(welcome.epoch());
        root(welcome.root());
        out.putLong(welcome.stagedCut());
      }
      case Message.Refusal refusal -> text(refusal.reason());
      case Message.Plan plan -> {
        out.putLong(plan.epoch()).putLong(plan.cut()).putInt(plan.part());
        out.put(flag(plan.whole()));
        pages(plan.pages());
        hashes(plan.hashes());
      }
      case Message.Want want -> {
        out.putLong(want.epoch()).putLong(want.cut()).putInt(want.part());
        pages(want.pages());
      }
      case Message.NeedPlan need -> {
        out.putLong(need.epoch()).putLong(need.cut());
        scope(need.scope());
      }
      case Message.Pages pages -> {
        out.putLong(pages.epoch()).putLong(pages.cut()).put(flag(pages.standalone()));
        pages(pages.pages());
        hashes(pages.hashes());
        need(pages.block().length + Integer.BYTES);
        out.putInt(pages.block().length).put(pages.block());
      }
      case Message.Commit commit -> {
        out.putLong(commit.cut());
        manifest(commit.manifest());
      }
      case Message.Ack ack -> {
        out.putLong(ack.epoch());
        root(ack.root());
        out.put(flag(ack.resync()));
      }
    }
    byte[] bytes = new byte[before + out.position() + behind];
    out.get(0, bytes, before, out.position());
    return bytes;
  }

  /** A manifest alone, as it is also kept in files. */
  byte[] write(EpochManifest manifest) {
    out.clear();
    manifest(manifest);
    return Arrays.copyOf(out.array(), out.position());
  }

  private void manifest(EpochManifest manifest) {
    text(manifest.vm().value());
    need(ROOM);
    out.putLong(manifest.epoch()).putLong(manifest.base());
    instant(manifest.cutAt());
    layout(manifest.layout());
    need(ROOM);
    root(manifest.root());
    out.putLong(manifest.changedPages());
    text(manifest.consistency().name());
    out.putLong(manifest.requestLogPosition());
    text(manifest.health().condition().name());
    out.putShort((short) manifest.health().vitals().size());
    manifest
        .health()
        .vitals()
        .forEach((name, value) -> {
          text(name);
          need(Double.BYTES);
          out.putDouble(value);
        });
  }

  private void layout(StateLayout layout) {
    need(ROOM);
    out.putShort((short) layout.regions().size());
    for (Region region : layout.regions()) {
      text(region.id().value());
      need(ROOM);
      text(region.kind().name());
      out.putLong(region.bytes());
    }
  }

  private void scope(Scope scope) {
    switch (scope) {
      case Scope.Changed _ -> out.put((byte) 0).putInt(0);
      case Scope.InRegion(int region) -> out.put((byte) 1).putInt(region);
      case Scope.Everything _ -> out.put((byte) 2).putInt(0);
    }
  }

  private void root(StateRoot root) {
    out.putLong(root.high()).putLong(root.low());
  }

  private void instant(Instant instant) {
    out.putLong(instant.getEpochSecond()).putInt(instant.getNano());
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    need(bytes.length + Short.BYTES);
    out.putShort((short) bytes.length).put(bytes);
  }

  /** Neighbours differ by one and cost a byte; out of order they cost up to five. */
  private void pages(int[] pages) {
    need(pages.length * BYTES_PER_PAGE + ROOM);
    out.putInt(pages.length);
    int before = -1;
    for (int page : pages) {
      number(zigzag(page - before - 1));
      before = page;
    }
  }

  private void hashes(long[] hashes) {
    for (long hash : hashes) {
      out.putLong(hash);
    }
  }

  private static int zigzag(int value) {
    return (value << 1) ^ (value >> 31);
  }

  private void number(int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      out.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  private static byte flag(boolean set) {
    return (byte) (set ? 1 : 0);
  }

  private void need(int bytes) {
    if (out.remaining() < bytes) {
      ByteBuffer larger = ByteBuffer.allocate(Math.max(2 * out.capacity(), out.position() + bytes));
      larger.put(out.flip());
      out = larger;
    }
  }
}
