package io.penumbra.sync.encode;

import io.penumbra.sync.epoch.PageSize;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/** Changes memory the way guests do: counters, records, moves, text, noise, zeros. */
final class EditScript {

  private final RandomGenerator dice;
  private final ArrayPages pages;
  private final int count;
  private long clock = 1_795_240_000L;

  EditScript(RandomGenerator dice, ArrayPages pages, int count) {
    this.dice = dice;
    this.pages = pages;
    this.count = count;
  }

  /** Makes so many edits, and returns the pages they touched. */
  int[] edit(int edits) {
    TreeSet<Integer> touched = new TreeSet<>();
    for (int i = 0; i < edits; i++) {
      int page = dice.nextInt(count);
      byte[] bytes = pages.page(page);
      change(bytes);
      pages.set(page, bytes, 0);
      touched.add(page);
    }
    return touched.stream().mapToInt(Integer::intValue).toArray();
  }

  private void change(byte[] page) {
    ByteBuffer words = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
    int at = dice.nextInt(PageSize.BYTES - 64);
    clock += dice.nextInt(5);
    switch (dice.nextInt(8)) {
      case 0 -> words.putLong(at, words.getLong(at) + 1);
      case 1 -> words.putLong(at & ~7, clock);
      case 2 -> records(words, at & ~63);
      case 3 -> System.arraycopy(page, 0, page, 24, PageSize.BYTES - 24);
      case 4 -> {
        byte[] text = "order %d of basket %d".formatted(clock, at).getBytes(StandardCharsets.UTF_8);
        System.arraycopy(text, 0, page, at, text.length);
      }
      case 5 -> dice.nextBytes(page);
      case 6 -> Arrays.fill(page, (byte) 0);
      default -> page[at] = (byte) dice.nextInt();
    }
  }

  private void records(ByteBuffer words, int from) {
    for (int at = from; at < PageSize.BYTES; at += 32) {
      words.putLong(at, 0x7F4C_190E_0000L + at);
      words.putLong(at + 8, clock + at / 32);
    }
  }
}
