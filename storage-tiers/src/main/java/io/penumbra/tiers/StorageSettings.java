package io.penumbra.tiers;

import io.penumbra.domain.Guard;
import io.penumbra.domain.VmId;
import io.penumbra.tiers.pack.PackRules;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Everything about a store that an operator may choose. Sizes are in MiB unless their name says
 * otherwise; the defaults make a store of one machine that needs no server.
 *
 * @param directory on SSD; packs, manifests and the cache's file live in it
 * @param objects the lowest tier
 * @param encryption where the keys are, if there are any
 * @param retention what is kept of a VM of which nothing else is said
 * @param vms VMs by their ids of which something else is said
 * @param keeping when the store is looked after in the background
 */
public record StorageSettings(
    Path directory,
    Ssd ssd,
    Cache cache,
    Packs packs,
    Objects objects,
    Encryption encryption,
    Retention retention,
    SortedMap<String, OfVm> vms,
    Keeping keeping,
    Costs costs) {

  /** What holds when nobody says anything. */
  public static StorageSettings defaults() {
    return new StorageSettings(
        Path.of("penumbra-out/store"),
        new Ssd(65_536, 0.8, 0.6, Duration.ofHours(1), 2, 0),
        new Cache(true, 256, 64, 1024),
        new Packs(16, Duration.ofSeconds(30), 1, 0.5, 256),
        new Objects(
            Optional.empty(), Optional.empty(), 0, Duration.ofSeconds(1), Duration.ofMinutes(1)),
        new Encryption(Optional.empty(), ""),
        new Retention(3, Duration.ofDays(1), Duration.ofHours(1)),
        Collections.emptySortedMap(),
        new Keeping(Duration.ofSeconds(5), Duration.ofHours(1), Duration.ofDays(7), false, 64),
        new Costs(0.08, 0.023, 0.005, 0.0004));
  }

  /** The same in another directory. */
  public StorageSettings in(Path other) {
    return new StorageSettings(
        other, ssd, cache, packs, objects, encryption, retention, vms, keeping, costs);
  }

  /** The same with another bound of the SSD tier. */
  public StorageSettings withSsdMib(long mibMax) {
    Ssd other =
        new Ssd(
            mibMax,
            ssd.highShare(),
            ssd.lowShare(),
            ssd.heatHalfLife(),
            ssd.riseHeat(),
            ssd.vmMibMax());
    return new StorageSettings(
        directory, other, cache, packs, objects, encryption, retention, vms, keeping, costs);
  }

  /**
   * The tier where everything is durable first.
   *
   * @param mibMax most that packs take; while the object tier is away this is the bound up to which
   *     the SSD absorbs, and then puts are refused
   * @param highShare share at which packs that the object tier has begin to leave
   * @param lowShare share at which they stop leaving
   * @param heatHalfLife time in which a pack's heat halves
   * @param riseHeat a pack comes back when all of it was read so many times lately
   * @param vmMibMax most that one VM's chunks may take in the store; 0 for no quota
   */
  public record Ssd(
      long mibMax,
      double highShare,
      double lowShare,
      Duration heatHalfLife,
      double riseHeat,
      long vmMibMax) {

    public Ssd {
      Guard.positive("mibMax", (double) mibMax);
      Guard.share("highShare", highShare);
      Guard.share("lowShare", lowShare);
      Guard.positive("riseHeat", riseHeat);
      Guard.notNegative("vmMibMax", vmMibMax);
    }
  }

  /**
   * Copies of what came from the object tier. Ehcache wants each tier larger than the one above.
   *
   * @param enabled whether there is a cache at all
   * @param heapChunks chunks on the heap
   * @param offHeapMib memory outside the heap
   * @param diskMib a file on SSD; emptied by Ehcache after an unclean stop
   */
  public record Cache(boolean enabled, int heapChunks, int offHeapMib, int diskMib) {

    public Cache {
      Guard.positive("heapChunks", heapChunks);
      Guard.positive("offHeapMib", offHeapMib);
      if (diskMib <= offHeapMib) {
        throw new IllegalArgumentException(
            "diskMib is %d; expected more than offHeapMib, which is %d"
                .formatted(diskMib, offHeapMib));
      }
    }
  }

  /**
   * Files in which chunks are kept together.
   *
   * @param mib a pack is ended when it has so much
   * @param ageMax or when it is so old
   * @param zstdLevel 1 (fast) to 19
   * @param compactBelow a pack is rewritten when less than this share of it lives
   * @param readAheadKib read from the object tier at least
   */
  public record Packs(
      int mib, Duration ageMax, int zstdLevel, double compactBelow, int readAheadKib) {

    public Packs {
      if (mib < 1 || mib > PackRules.PACK_BYTES_MAX >> 20) {
        throw new IllegalArgumentException(
            "mib is %d; expected 1 to %d".formatted(mib, PackRules.PACK_BYTES_MAX >> 20));
      }
      if (zstdLevel < 1 || zstdLevel > 19) {
        throw new IllegalArgumentException(
            "zstdLevel is %d; expected 1 to 19".formatted(zstdLevel));
      }
      Guard.share("compactBelow", compactBelow);
      Guard.notNegative("readAheadKib", readAheadKib);
    }
  }

  /**
   * The lowest tier: an S3 or a directory; a directory inside the store's own when neither is said.
   *
   * @param mibMax most that this store keeps there; 0 for no quota
   * @param retryFirst pause after it first refuses; doubles
   * @param retryMost longest pause
   */
  public record Objects(
      Optional<S3> s3,
      Optional<Path> directory,
      long mibMax,
      Duration retryFirst,
      Duration retryMost) {

    public Objects {
      Guard.notNegative("mibMax", mibMax);
      if (s3.isPresent() && directory.isPresent()) {
        throw new IllegalArgumentException("directory and s3 are both there; expected one");
      }
    }
  }

  /**
   * Any S3. Keys come from the environment, never from this file.
   *
   * @param endpoint such as {@code https://s3.example.org}
   * @param region may be empty
   * @param prefix put before every key; may be empty
   * @param accessKeyEnv environment variable with the access key
   * @param secretKeyEnv environment variable with the secret key
   * @param timeout for one request
   * @param attempts how often a request is made before the store counts as away
   */
  public record S3(
      String endpoint,
      String region,
      String bucket,
      String prefix,
      String accessKeyEnv,
      String secretKeyEnv,
      Duration timeout,
      int attempts) {

    /** For what a file leaves out. */
    public static final S3 DEFAULT =
        new S3(
            "http://localhost:9000",
            "",
            "penumbra",
            "",
            "PENUMBRA_S3_ACCESS_KEY",
            "PENUMBRA_S3_SECRET_KEY",
            Duration.ofSeconds(30),
            3);

    public S3 {
      if (!endpoint.matches("https?://.+")) {
        throw new IllegalArgumentException(
            "endpoint is '%s'; expected http://... or https://...".formatted(endpoint));
      }
      if (!bucket.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")) {
        throw new IllegalArgumentException(
            "bucket is '%s'; expected 3 to 63 lower-case letters, digits, dots, hyphens"
                .formatted(bucket));
      }
      if (attempts < 1 || timeout.toMillis() < 1) {
        throw new IllegalArgumentException(
            "attempts is %d and timeout %s; expected 1 or more and 1 ms or more"
                .formatted(attempts, timeout));
      }
    }
  }

  /**
   * Keys; without any, nothing is encrypted.
   *
   * @param keysFile a key ring; relative to the file that names it
   * @param keysEnv environment variable with a key ring, lines ended by semicolons; may be empty
   */
  public record Encryption(Optional<Path> keysFile, String keysEnv) {

    public Encryption {
      if (keysFile.isPresent() && !keysEnv.isEmpty()) {
        throw new IllegalArgumentException("keysFile and keysEnv are both set; expected one");
      }
    }
  }

  /**
   * What garbage collection keeps.
   *
   * @param newest manifests of a VM that stay in any case
   * @param keepFor age up to which a manifest stays in any case
   * @param grace time that a writer has between a put and its commit
   */
  public record Retention(int newest, Duration keepFor, Duration grace) {

    public Retention {
      Guard.positive("newest", newest);
    }
  }

  /**
   * One VM for which something else holds than for all.
   *
   * @param newest manifests that stay in any case
   * @param keepFor age up to which a manifest stays in any case
   * @param mibMax most that its chunks may take in the store; 0 for no quota
   */
  public record OfVm(int newest, Duration keepFor, long mibMax) {

    /** For what a file leaves out. */
    public static final OfVm DEFAULT = new OfVm(3, Duration.ofDays(1), 0);

    public OfVm {
      Guard.positive("newest", newest);
      Guard.notNegative("mibMax", mibMax);
    }
  }

  /**
   * Background work on the store.
   *
   * @param moveEvery between rounds that send packs to the object tier and move them by heat
   * @param collectEvery between collections of garbage
   * @param scrubEvery between the beginnings of scrubs, which read and check everything
   * @param scrubObjects whether a scrub reads what the object tier has, too, which costs requests
   * @param mibPerSecond most that all this reads and writes, on average
   */
  public record Keeping(
      Duration moveEvery,
      Duration collectEvery,
      Duration scrubEvery,
      boolean scrubObjects,
      int mibPerSecond) {

    public Keeping {
      Guard.positive("mibPerSecond", mibPerSecond);
    }
  }

  /**
   * What tiers cost, for {@code store stat}: list prices in US dollars of EBS gp3 and S3 Standard
   * (us-east-1, 2025); put your own.
   */
  public record Costs(
      double ssdGibMonth, double objectGibMonth, double thousandPuts, double thousandGets) {}

  /** These settings as the store's own rules. */
  public StoreRules rules() {
    return new StoreRules(
        new PackRules(
            packs.mib() << 20,
            packs.ageMax(),
            ssd.mibMax() << 20,
            ssd.highShare(),
            ssd.lowShare(),
            ssd.heatHalfLife()),
        new VmRules(ssd.vmMibMax() << 20, retention.newest(), retention.keepFor()),
        ofVms(),
        objects.mibMax() << 20,
        packs.readAheadKib() << 10,
        ssd.riseHeat(),
        retention.grace(),
        packs.compactBelow(),
        objects.retryFirst(),
        objects.retryMost());
  }

  private SortedMap<VmId, VmRules> ofVms() {
    SortedMap<VmId, VmRules> rules = new TreeMap<>();
    vms.forEach((vm, said) ->
        rules.put(VmId.of(vm), new VmRules(said.mibMax() << 20, said.newest(), said.keepFor())));
    return rules;
  }

  /** These settings as the rules of whoever looks after the store. */
  public KeeperRules keeperRules() {
    return new KeeperRules(
        keeping.moveEvery(),
        keeping.collectEvery(),
        keeping.scrubEvery(),
        keeping.scrubObjects(),
        (long) keeping.mibPerSecond() << 20);
  }
}
