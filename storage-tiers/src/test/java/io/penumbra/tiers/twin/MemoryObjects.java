package io.penumbra.tiers.twin;

import io.penumbra.tiers.object.ObjectTier;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/** An object store in memory that several stores may share, and that can go away. */
public final class MemoryObjects implements ObjectTier {

  private final SortedMap<String, byte[]> objects;
  private final Power power;
  private boolean away;
  private BooleanSupplier losesAnswers = () -> false;
  private int requests;

  /** An empty store. */
  public MemoryObjects(Power power) {
    this(power, new TreeMap<>());
  }

  private MemoryObjects(Power power, SortedMap<String, byte[]> objects) {
    this.power = power;
    this.objects = objects;
  }

  /** The same objects, as another machine reaches them. */
  public MemoryObjects from(Power other) {
    return new MemoryObjects(other, objects);
  }

  /** From now on it doesn't answer, or does again. */
  public void away(boolean gone) {
    away = gone;
  }

  /** From now on, writes happen but their answers get lost as often as this says. */
  public void losesAnswers(BooleanSupplier loses) {
    losesAnswers = loses;
  }

  /** How often it was asked. */
  public int requests() {
    return requests;
  }

  /** An object's bytes, to change. */
  public Optional<byte[]> raw(String key) {
    return Optional.ofNullable(objects.get(key));
  }

  /** Keys that begin so. */
  public List<String> keys(String prefix) {
    synchronized (objects) {
      return objects.keySet().stream().filter(key -> key.startsWith(prefix)).toList();
    }
  }

  @Override
  public Write put(String key, ByteBuffer content) {
    return write(key, content, false);
  }

  @Override
  public Write putIfAbsent(String key, ByteBuffer content) {
    return write(key, content, true);
  }

  private Write write(String key, ByteBuffer content, boolean onlyNew) {
    synchronized (objects) {
      requests++;
      power.use();
      if (away) {
        return new Unavailable("away");
      }
      if (onlyNew && objects.containsKey(key)) {
        return new Write.Exists();
      }
      byte[] bytes = new byte[content.remaining()];
      content.duplicate().get(bytes);
      objects.put(key, bytes);
      power.use();
      return losesAnswers.getAsBoolean() ? new Unavailable("answer lost") : new Write.Written();
    }
  }

  @Override
  public Fetch get(String key) {
    return get(key, 0, Integer.MAX_VALUE);
  }

  @Override
  public Fetch get(String key, long offset, int length) {
    synchronized (objects) {
      requests++;
      if (away) {
        return new Unavailable("away");
      }
      byte[] bytes = objects.get(key);
      if (bytes == null) {
        return new Fetch.Missing();
      }
      int from = (int) Math.min(offset, bytes.length);
      int to = (int) Math.min(offset + length, bytes.length);
      return new Fetch.Content(ByteBuffer.wrap(bytes.clone(), from, to - from).slice());
    }
  }

  @Override
  public Listing list(String prefix) {
    synchronized (objects) {
      requests++;
      if (away) {
        return new Unavailable("away");
      }
      List<Entry> entries = new ArrayList<>();
      objects.forEach((key, bytes) -> {
        if (key.startsWith(prefix)) {
          entries.add(new Entry(key, bytes.length));
        }
      });
      return new Listing.Entries(entries);
    }
  }

  @Override
  public Erasure delete(String key) {
    synchronized (objects) {
      requests++;
      power.use();
      if (away) {
        return new Unavailable("away");
      }
      objects.remove(key);
      power.use();
      return new Erasure.Gone();
    }
  }

  @Override
  public String describe() {
    return "memory";
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
