package io.penumbra.tiers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import io.penumbra.domain.BadInputException;
import io.penumbra.tiers.cache.ChunkCache;
import io.penumbra.tiers.cache.EhcacheChunks;
import io.penumbra.tiers.disk.LocalDisk;
import io.penumbra.tiers.object.DirectoryObjects;
import io.penumbra.tiers.object.ObjectTier;
import io.penumbra.tiers.object.S3Access;
import io.penumbra.tiers.object.S3Objects;
import io.penumbra.tiers.seal.ChunkSeal;
import io.penumbra.tiers.seal.KeyRing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Makes a store from its settings. One process owns a store's directory at a time.
 *
 * @param environment gives the value of an environment variable, empty when there is none
 * @param newName names a store that is made now; two stores must never get the same
 * @param notes told in sentences what a person should know
 */
public record StoreOpening(
    StorageSettings settings,
    InstantSource clock,
    UnaryOperator<String> environment,
    String newName,
    Consumer<String> notes) {

  /** An open store, and the lock that says that it is ours. */
  public record OpenStore(TieredChunkStore store, FileChannel lock) implements AutoCloseable {

    @Override
    public void close() throws IOException {
      try (lock) {
        store.close();
      }
    }
  }

  /**
   * Opens the store; makes it if there is none.
   *
   * @throws BadInputException if a setting can't be used, or another process owns the directory
   */
  public OpenStore open() throws IOException {
    Path directory = settings.directory();
    Files.createDirectories(directory);
    FileChannel lock = lock(directory);
    try {
      LocalDisk disk = new LocalDisk(directory);
      String owner = owner(directory, disk);
      ChunkSeal seal = seal();
      ObjectTier objects = objects(owner);
      StoreParts parts = new StoreParts(disk, objects, cache(), seal, owner, clock);
      return new OpenStore(TieredChunkStore.open(parts, settings.rules(), notes), lock);
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static FileChannel lock(Path directory) throws IOException {
    FileChannel lock = FileChannel.open(directory.resolve("lock"), CREATE, WRITE);
    try {
      if (lock.tryLock() != null) {
        return lock;
      }
    } catch (OverlappingFileLockException e) {
      // Somebody in this very process has it.
    }
    lock.close();
    throw new BadInputException(
        directory.toString(),
        "this store is in use by another process",
        "Stop the other Penumbra, or name another directory.");
  }

  private String owner(Path directory, LocalDisk disk) throws IOException {
    Path file = directory.resolve("name");
    if (!Files.exists(file)) {
      disk.writeWhole("name", ByteBuffer.wrap(newName.getBytes(UTF_8)));
    }
    return Files.readString(file).strip();
  }

  private ChunkSeal seal() {
    int level = settings.packs().zstdLevel();
    StorageSettings.Encryption encryption = settings.encryption();
    if (encryption.keysFile().isPresent()) {
      return ChunkSeal.encrypted(KeyRing.read(encryption.keysFile().get()), level);
    }
    if (!encryption.keysEnv().isEmpty()) {
      return ChunkSeal.encrypted(
          KeyRing.parse("$" + encryption.keysEnv(), variable(encryption.keysEnv())), level);
    }
    return ChunkSeal.plain(level);
  }

  private String variable(String name) {
    String value = environment.apply(name);
    if (value.isEmpty()) {
      throw new BadInputException(
          "$" + name, "is not set", "Set it, or name another variable in the settings.");
    }
    return value;
  }

  private ObjectTier objects(String owner) throws IOException {
    Optional<StorageSettings.S3> s3 = settings.objects().s3();
    if (s3.isPresent()) {
      return s3(s3.get());
    }
    Path place = settings.objects().directory().orElse(settings.directory().resolve("objects"));
    Files.createDirectories(place);
    return DirectoryObjects.open(new LocalDisk(place), owner, place.toString());
  }

  private ObjectTier s3(StorageSettings.S3 s3) {
    S3Access access =
        new S3Access(
            s3.endpoint(),
            s3.region(),
            s3.bucket(),
            s3.prefix(),
            variable(s3.accessKeyEnv()),
            variable(s3.secretKeyEnv()),
            s3.timeout(),
            s3.attempts());
    S3Objects objects = S3Objects.of(access);
    if (objects.ensureBucket() instanceof ObjectTier.Unavailable(String reason)) {
      notes.accept("object tier doesn't answer: " + reason);
    }
    return objects;
  }

  private ChunkCache cache() {
    StorageSettings.Cache cache = settings.cache();
    return cache.enabled()
        ? EhcacheChunks.open(
            settings.directory().resolve("cache"),
            cache.heapChunks(),
            cache.offHeapMib(),
            cache.diskMib())
        : ChunkCache.none();
  }
}
