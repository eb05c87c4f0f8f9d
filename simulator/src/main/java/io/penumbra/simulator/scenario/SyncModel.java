package io.penumbra.simulator.scenario;

import io.penumbra.domain.Guard;
import io.penumbra.domain.Resources;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.simulator.chance.LogNormal;
import io.penumbra.simulator.chance.Seeds;
import io.penumbra.simulator.chance.Setting;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How shadows are kept current, as formulas over dirty rate, bandwidth and epoch. This is the one
 * place with these parameters; nothing is simulated per epoch or per page, {@link ShadowSync} gives
 * the state at any moment.
 *
 * <p>A VM that writes {@code d} MiB/s within a writable working set of {@code W} MiB has dirtied
 * {@code D(t) = W * (1 - exp(-d t / W))} MiB after {@code t} seconds: first every write hits a
 * fresh page, later only old ones. Shipping D takes {@code D / (bandwidth * compression)} seconds
 * plus a round trip. When an epoch ships more slowly than the next one fills, epochs grow until it
 * does not (back-pressure makes epochs longer; it never makes queues longer), which always ends
 * since D never exceeds W. The curve is the writable working set of Clark et al. (NSDI 2005). Its
 * parameters are assumed, not fitted: there is no public trace of dirtied memory.
 */
public record SyncModel(
    @Setting("MiB per second that one vCPU's share of a VM dirties")
        LogNormal dirtyMibPerSecondPerVcpu,
    @Setting("share of the memory that is written again and again, 0 to 1") double workingSetShare,
    @Setting("MiB per second that one VM's replication gets on the network")
        double networkMibPerSecond,
    @Setting("how many times smaller a delta is on the wire") double compression,
    @Setting("how many times smaller a full image is on the wire and in the store")
        double imageCompression,
    @Setting("network round trip, added to each epoch before it is acked") Duration roundTrip,
    @Setting("shortest epoch of a warm shadow") Duration warmEpochMin,
    @Setting("share of the RPO that a warm epoch may last, so that shipping fits in the rest")
        double warmEpochShare,
    @Setting("shortest epoch of a cold shadow") Duration coldEpochMin,
    @Setting("MiB per second to and from the chunk store, per VM") double storeMibPerSecond,
    @Setting("share of the memory that is in use, and so in an image, 0 to 1")
        double usedMemoryShare,
    @Setting("how long a warm shadow takes from the word to its first instruction")
        Duration warmActivation,
    @Setting("how long a cold shadow takes to run once its state is in memory") Duration coldBoot,
    @Setting("longest pause of a planned migration besides shipping the last epoch")
        Duration switchover) {

  public static final SyncModel DEFAULT =
      new SyncModel(
          new LogNormal(1.5, 1.0),
          0.15,
          300,
          3,
          2,
          Duration.ofMillis(1),
          Duration.ofMillis(50),
          0.5,
          Duration.ofSeconds(30),
          200,
          0.6,
          Duration.ofMillis(150),
          Duration.ofSeconds(8),
          Duration.ofMillis(40));

  public SyncModel {
    Guard.share("workingSetShare", workingSetShare);
    Guard.positive("workingSetShare", workingSetShare);
    Guard.positive("networkMibPerSecond", networkMibPerSecond);
    Require.atLeast("compression", compression, 1);
    Require.atLeast("imageCompression", imageCompression, 1);
    Require.notNegative("roundTrip", roundTrip);
    Require.positive("warmEpochMin", warmEpochMin);
    Guard.share("warmEpochShare", warmEpochShare);
    Require.positive("coldEpochMin", coldEpochMin);
    Guard.positive("storeMibPerSecond", storeMibPerSecond);
    Guard.share("usedMemoryShare", usedMemoryShare);
    Require.notNegative("warmActivation", warmActivation);
    Require.notNegative("coldBoot", coldBoot);
    Require.notNegative("switchover", switchover);
  }

  /** What one VM writes and ships; its dirty rate is drawn from a stream of its own. */
  public VmSync forVm(Seeds seeds, int vm, Resources size) {
    RandomGenerator random = seeds.stream("sync-dirty-rate", vm);
    double dirty = dirtyMibPerSecondPerVcpu.draw(random) * Math.max(1, size.vcpus());
    double workingSet = Math.max(1, size.memoryMib() * workingSetShare);
    return new VmSync(this, size.memoryMib(), dirty, workingSet);
  }

  /** The epoch interval to begin with for a mode and an RPO. */
  public Duration epochFor(ShadowMode mode, Duration rpo) {
    Duration least = mode == ShadowMode.WARM ? warmEpochMin : coldEpochMin;
    Duration wanted = Duration.ofNanos((long) (rpo.toNanos() * warmEpochShare));
    return wanted.compareTo(least) > 0 ? wanted : least;
  }

  /** How long a cold shadow takes from the word to its first instruction: fetch, then boot. */
  public Duration coldRestore(long memoryMib) {
    return coldBoot.plus(seconds(imageMib(memoryMib) / storeMibPerSecond));
  }

  /** From the word to the first instruction. */
  public Duration activation(ShadowMode mode, long memoryMib) {
    return switch (mode) {
      case WARM -> warmActivation;
      case COLD -> coldRestore(memoryMib);
      case NONE -> throw new IllegalArgumentException("shadow mode NONE has nothing to activate");
    };
  }

  /** MiB of a full image on the wire and in the store. */
  public double imageMib(long memoryMib) {
    return memoryMib * usedMemoryShare / imageCompression;
  }

  static Duration seconds(double seconds) {
    return Duration.ofNanos(Math.round(seconds * 1e9));
  }

  static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
