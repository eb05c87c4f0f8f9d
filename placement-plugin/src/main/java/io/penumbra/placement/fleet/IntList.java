package io.penumbra.placement.fleet;

import java.util.Arrays;

/** A growing list of ints whose order depends only on the calls made. */
final class IntList {

  private int[] values = new int[4];
  private int size;

  int size() {
    return size;
  }

  int get(int index) {
    return values[index];
  }

  void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, size * 2);
    }
    values[size++] = value;
  }

  /** Removes one occurrence; the last value takes its place. */
  void remove(int value) {
    for (int i = 0; i < size; i++) {
      if (values[i] == value) {
        values[i] = values[--size];
        return;
      }
    }
  }

  int removeLast() {
    return values[--size];
  }

  void clear() {
    size = 0;
  }
}
