package io.penumbra.adapter.qemu.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.api.VmSpec;
import io.penumbra.domain.Resources;
import io.penumbra.domain.VmId;
import io.penumbra.domain.policy.ShadowMode;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.StateSink;
import io.penumbra.sync.epoch.StateSource;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * What the agent needs of whatever runs guests on its host. QEMU in production, a script in tests.
 */
public interface Hypervisor {

  /** Starts a guest from its disks and kernel; it runs on return. */
  Guest start(VmSpec spec) throws HypervisorException;

  /** The guest of that VM that is still there from before a restart of the agent. */
  Optional<Guest> adopt(VmSpec spec) throws HypervisorException;

  /** Makes a shadow ready to be filled, or takes up the one whose state is there already. */
  Shadow prepare(VmSpec spec, ShadowMode mode, Resources resident) throws HypervisorException;

  /**
   * Makes a shadow of what the tier store has of a VM, where nothing of it is.
   *
   * @param epoch the number that its agent gave it; without one the newest that can be restored
   */
  default Restored restore(VmId vm, Optional<Long> epoch, Resources resident)
      throws HypervisorException {
    throw new HypervisorException("no-store", "this host's agent has no tier store");
  }

  /**
   * A shadow out of the tier store.
   *
   * @param spec the VM as it was stored with the epoch
   */
  record Restored(VmSpec spec, Shadow shadow) {}

  /** Numbers about the tier store and what was restored from it, by the names of meters. */
  default SortedMap<String, Double> figures() {
    return new TreeMap<>();
  }

  /** What may hold the agent back must not hold back that process of its. */
  default void letOut(long pid) {}

  /**
   * Ends the process of a VM, whoever has started it and whatever is known of it. On return nothing
   * of that VM can serve here; a shadow that waits would be ended too.
   */
  void end(VmId vm) throws HypervisorException;

  /** Removes whatever is left of a VM on this host. */
  void remove(VmId vm) throws HypervisorException;

  /**
   * What its owner has done with a lent guest that has ended here, if it lives on elsewhere or is
   * to go on later; empty if it has failed. May take as long as its owner does to answer.
   */
  default Optional<String> movedOn(VmSpec spec) throws HypervisorException {
    return Optional.empty();
  }

  /** Guests on this host that nobody here has started, and that could be taken up. */
  default List<Stray> strays() {
    return List.of();
  }

  /**
   * A guest of somebody else.
   *
   * @param lacks why its state can't be captured as it runs; empty if it can
   */
  record Stray(String name, Optional<String> uuid, long pid, List<String> lacks) {}

  /** Removes what it knows of a VM whose guest stays, see {@link Guest#isLent}. */
  default void forget(VmId vm) throws HypervisorException {
    remove(vm);
  }

  /** One guest that runs, or could. */
  interface Guest {

    /** The process that it runs in; 0 if there is none of its own. */
    long pid();

    /** What it is, for the hypervisor of another host; nothing if it can't be told from others. */
    Optional<JsonNode> identity();

    /** Whether it is alive, paused or not. */
    boolean alive();

    /** Whether somebody else has started it, so that it stays when nobody looks after its VM. */
    default boolean isLent() {
      return false;
    }

    /** Whether it was last heard to stand still, whoever stopped it. */
    default boolean wasStopped() {
      return false;
    }

    /**
     * Why it was booted from the disks of a shadow, whose memory could not be gone on with; empty
     * if it was not.
     */
    default Optional<String> bootedBecause() {
      return Optional.empty();
    }

    /** Where its state is captured. The same one every time; used under one lock. */
    StateSource source() throws HypervisorException;

    /** Holds it; a capture that is under way does not let it go again. */
    void pause() throws HypervisorException;

    /** Lets it run. */
    void resume() throws HypervisorException;

    /**
     * Stops its process where it stands, at once and from outside, whatever else is being done with
     * it.
     */
    void freeze();

    /** Undoes {@link #freeze}. */
    void thaw();

    /** Whether its process stands still. */
    boolean frozen();

    /** Ends it; its memory is gone. On return it can't serve any more. */
    void kill() throws HypervisorException;

    /** Leaves it as it is, to be adopted by another agent. */
    void letGo();

    /** Where a port of the guest can be reached. */
    Optional<InetSocketAddress> port(String name);

    /** Calls back, once and as soon as can be, when it has died of itself; with what was seen. */
    void whenGone(Consumer<String> symptom);

    /** Numbers that say how it is, by name. */
    SortedMap<String, Double> vitals();

    /**
     * Gives it more or less of the CPU than others: 100 is normal, 10,000 the most.
     *
     * @throws HypervisorException {@code not-here} if this host has no way to do that
     */
    void share(int weight) throws HypervisorException;
  }

  /** One shadow. */
  interface Shadow {

    /** Where its epochs go. */
    StateSink sink();

    /** The newest epoch that is durable here. */
    Optional<EpochManifest> newest();

    /** Reads everything back and compares it with the newest epoch's root. */
    void verify() throws HypervisorException;

    /** Goes back to an older epoch that is still kept: it is the one that would be promoted. */
    void rollBack(long epoch);

    /** A second instance as it was at a kept epoch, beside all else; nothing runs yet. */
    Copy copy(long epoch) throws HypervisorException;

    /** Goes with the newest again: the primary serves on. */
    void goForward();

    /** The epochs that are kept, oldest first. */
    List<EpochManifest> kept();

    /** Epochs that the tier store has of the VM, oldest first; none if it can't be asked. */
    default List<EpochManifest> stored() {
      return List.of();
    }

    /** Makes an epoch of the tier store what is here, and the one that would be promoted. */
    default void fetch(EpochManifest stored) throws HypervisorException {
      throw new HypervisorException("no-store", "this host's agent has no tier store");
    }

    /** Nobody waits any more for an epoch that is being made durable elsewhere. */
    default void hush() {}

    /** Turns it into the other mode; what it holds stays promotable. Nothing comes in meanwhile. */
    void changeMode(ShadowMode mode) throws HypervisorException;

    /** Gives it so much of the host. */
    void hold(Resources resident) throws HypervisorException;

    /**
     * Brings it to life from its newest epoch; it serves on return. Nothing is applied to it any
     * more. If it is refused before the guest runs, it is still a shadow.
     */
    Guest promote() throws HypervisorException;

    /** Whether something may run on its state: what an attempt has started could not be ended. */
    default boolean mayRun() {
      return false;
    }

    /** Nothing is left of it on return. */
    void delete() throws HypervisorException;

    /** Leaves it as it is, to be taken up by another agent. */
    void letGo();

    /** Calls back when it can't be used any more; with the reason. */
    void whenLost(Consumer<String> reason);
  }

  /** A second instance that reaches nobody. Closed, it is gone. */
  interface Copy extends AutoCloseable {

    /** Has it run, and says where that port of it is reached. */
    InetSocketAddress run(String port) throws HypervisorException;

    @Override
    void close();
  }
}
