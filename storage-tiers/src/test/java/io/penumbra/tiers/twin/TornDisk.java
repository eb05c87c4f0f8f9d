package io.penumbra.tiers.twin;

import io.penumbra.tiers.disk.Disk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A disk in memory that keeps only what POSIX and journaling file systems promise. After a power
 * cut, each name that wasn't synced is as it was or as it became, the two of a rename alike; of
 * what was appended but not forced any part may be there, and may be garbage.
 */
public final class TornDisk implements Disk {

  private final Power power;
  private final SortedMap<String, Inode> names = new TreeMap<>();
  private final SortedMap<String, Inode> durableNames = new TreeMap<>();
  private final SortedMap<String, String> renamed = new TreeMap<>();
  private final TreeSet<String> directories = new TreeSet<>(List.of(""));
  private long capacity = Long.MAX_VALUE;
  private boolean failsToForce;

  private static final class Inode {
    byte[] bytes = new byte[64];
    int length;
    int durable;
  }

  /** An empty disk. */
  public TornDisk(Power power) {
    this.power = power;
  }

  /** From now on, holds so many bytes. */
  public void capacity(long bytes) {
    capacity = bytes;
  }

  /** From now on, a force fails, or works again. */
  public void failsToForce(boolean fails) {
    failsToForce = fails;
  }

  /** Decides what is left after the power was cut. */
  public void settle(SplittableRandom dice) {
    TreeSet<String> all = new TreeSet<>(names.keySet());
    all.addAll(durableNames.keySet());
    SortedMap<String, Boolean> coins = new TreeMap<>();
    for (String name : all) {
      Inode now = names.get(name);
      Inode then = durableNames.get(name);
      boolean became = coins.computeIfAbsent(group(name), _ -> dice.nextBoolean());
      Inode chosen = became ? now : then;
      if (chosen == null) {
        names.remove(name);
      } else {
        names.put(name, chosen);
      }
    }
    for (Inode inode : names.values()) {
      tear(inode, dice);
    }
    durableNames.clear();
    durableNames.putAll(names);
    renamed.clear();
  }

  /** Names that a rename has bound together: both of them change, or neither does. */
  private String group(String name) {
    String root = name;
    while (renamed.containsKey(root)) {
      root = String.valueOf(renamed.get(root));
    }
    return root;
  }

  private void bind(String from, String to) {
    String first = group(from);
    String second = group(to);
    if (!first.equals(second)) {
      renamed.put(first, second);
    }
  }

  private static void tear(Inode inode, SplittableRandom dice) {
    int loose = inode.length - inode.durable;
    if (loose > 0) {
      inode.length = inode.durable + dice.nextInt(loose + 1);
      if (dice.nextBoolean() && inode.length > inode.durable) {
        // A sector that was never written.
        int from = inode.durable + dice.nextInt(inode.length - inode.durable);
        Arrays.fill(inode.bytes, from, Math.min(inode.length, from + 512), (byte) 0);
      }
      inode.durable = inode.length;
    }
  }

  /** Flips one bit of a file whose name begins and ends so; false if there is none. */
  public boolean rot(String begins, String ends, SplittableRandom dice) {
    List<Inode> found = new ArrayList<>();
    names.forEach((name, inode) -> {
      if (name.startsWith(begins) && name.endsWith(ends) && inode.length > 0) {
        found.add(inode);
      }
    });
    if (found.isEmpty()) {
      return false;
    }
    Inode inode = found.get(dice.nextInt(found.size()));
    inode.bytes[dice.nextInt(inode.length)] ^= (byte) (1 << dice.nextInt(8));
    return true;
  }

  /** Every byte of a file, to change. */
  public ByteBuffer raw(String path) throws IOException {
    Inode inode = inode(path);
    return ByteBuffer.wrap(inode.bytes, 0, inode.length);
  }

  @Override
  public synchronized Appender create(String path) throws IOException {
    power.use();
    if (names.containsKey(path)) {
      throw new FileAlreadyExistsException(path);
    }
    if (!directories.contains(Disk.directoryOf(path))) {
      throw new NoSuchFileException(path);
    }
    Inode inode = new Inode();
    names.put(path, inode);
    return new TornAppender(inode);
  }

  private final class TornAppender implements Appender {
    private final Inode inode;

    TornAppender(Inode inode) {
      this.inode = inode;
    }

    @Override
    public void append(ByteBuffer bytes) throws IOException {
      synchronized (TornDisk.this) {
        if (used() + bytes.remaining() > capacity) {
          // As a real disk does it: a part is written before it is full.
          write(bytes.slice(bytes.position(), bytes.remaining() / 2));
          throw new IOException("No space left on device");
        }
        write(bytes);
        power.use();
      }
    }

    private void write(ByteBuffer bytes) {
      int more = bytes.remaining();
      if (inode.length + more > inode.bytes.length) {
        inode.bytes = Arrays.copyOf(inode.bytes, Math.max(inode.length + more, inode.length * 2));
      }
      bytes.get(inode.bytes, inode.length, more);
      inode.length += more;
    }

    @Override
    public void force() throws IOException {
      synchronized (TornDisk.this) {
        power.use();
        if (failsToForce) {
          throw new IOException("Input/output error");
        }
        inode.durable = inode.length;
      }
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  private long used() {
    return names.values().stream().mapToLong(inode -> inode.length).sum();
  }

  private Inode inode(String path) throws NoSuchFileException {
    return Optional.ofNullable(names.get(path)).orElseThrow(() -> new NoSuchFileException(path));
  }

  @Override
  public synchronized ByteBuffer read(String path, long offset, int length) throws IOException {
    Inode inode = inode(path);
    int from = (int) Math.min(offset, inode.length);
    int to = (int) Math.min(offset + length, inode.length);
    return ByteBuffer.wrap(Arrays.copyOfRange(inode.bytes, from, to));
  }

  @Override
  public synchronized long size(String path) throws IOException {
    return inode(path).length;
  }

  @Override
  public synchronized void rename(String from, String to) throws IOException {
    power.use();
    Inode inode = inode(from);
    names.remove(from);
    names.put(to, inode);
    bind(from, to);
    power.use();
  }

  @Override
  public synchronized void renameToNew(String from, String to) throws IOException {
    power.use();
    Inode inode = inode(from);
    if (names.containsKey(to)) {
      throw new FileAlreadyExistsException(to);
    }
    names.remove(from);
    names.put(to, inode);
    bind(from, to);
  }

  @Override
  public synchronized boolean delete(String path) {
    power.use();
    return names.remove(path) != null;
  }

  @Override
  public synchronized List<String> list(String directory) {
    String prefix = directory.isEmpty() ? "" : directory + "/";
    TreeSet<String> children = new TreeSet<>();
    for (String path : names.keySet()) {
      if (path.startsWith(prefix)) {
        String rest = path.substring(prefix.length());
        int slash = rest.indexOf('/');
        children.add(slash < 0 ? rest : rest.substring(0, slash));
      }
    }
    return List.copyOf(children);
  }

  @Override
  public synchronized boolean isDirectory(String path) {
    return directories.contains(path);
  }

  @Override
  public synchronized void makeDirectories(String directory) {
    String path = directory;
    while (!path.isEmpty()) {
      directories.add(path);
      path = Disk.directoryOf(path);
    }
  }

  @Override
  public synchronized void syncDirectory(String directory) {
    power.use();
    TreeSet<String> all = new TreeSet<>(names.keySet());
    all.addAll(durableNames.keySet());
    for (String path : all) {
      if (Disk.directoryOf(path).equals(directory)) {
        Inode now = names.get(path);
        if (now == null) {
          durableNames.remove(path);
        } else {
          durableNames.put(path, now);
        }
      }
    }
  }

  @Override
  public synchronized long usableBytes() {
    return capacity == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, capacity - used());
  }
}
