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

  /** Removes whatever is left of a VM on this host. */
  void remove(VmId vm) throws HypervisorException;

  /** One guest that runs, or could. */
  interface Guest {

    /** The process that it runs in; 0 if there is none of its own. */
    long pid();

    /** What it is, for the hypervisor of another host; nothing if it can't be told from others. */
    Optional<JsonNode> identity();

    /** Whether it is alive, paused or not. */
    boolean alive();

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
    void rollBack(long epoch) throws HypervisorException;

    /** Goes with the newest again: the primary serves on. */
    void goForward();

    /** The epochs that are kept, oldest first. */
    List<EpochManifest> kept();

    /** Turns it into the other mode; what it holds stays current and promotable meanwhile. */
    void changeMode(ShadowMode mode) throws HypervisorException;

    /** Gives it so much of the host. */
    void hold(Resources resident) throws HypervisorException;

    /**
     * Brings it to life from its newest epoch; it serves on return. Nothing is applied to it any
     * more. If it is refused before the guest runs, it is still a shadow.
     */
    Guest promote() throws HypervisorException;

    /** Nothing is left of it on return. */
    void delete() throws HypervisorException;

    /** Leaves it as it is, to be taken up by another agent. */
    void letGo();

    /** Calls back when it can't be used any more; with the reason. */
    void whenLost(Consumer<String> reason);
  }
}
