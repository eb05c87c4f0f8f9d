package io.penumbra.benchmarks;

import ch.qos.logback.classic.Level;
import io.penumbra.benchmarks.SharedScenario.Arrival;
import io.penumbra.benchmarks.SharedScenario.Failure;
import io.penumbra.domain.Resources;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.cloudsimplus.allocationpolicies.VmAllocationPolicyFirstFit;
import org.cloudsimplus.brokers.DatacenterBroker;
import org.cloudsimplus.brokers.DatacenterBrokerSimple;
import org.cloudsimplus.cloudlets.CloudletSimple;
import org.cloudsimplus.core.CloudSimEntity;
import org.cloudsimplus.core.CloudSimPlus;
import org.cloudsimplus.core.CloudSimTag;
import org.cloudsimplus.core.events.SimEvent;
import org.cloudsimplus.datacenters.Datacenter;
import org.cloudsimplus.datacenters.DatacenterSimple;
import org.cloudsimplus.faultinjection.HostFaultInjection;
import org.cloudsimplus.hosts.Host;
import org.cloudsimplus.hosts.HostSimple;
import org.cloudsimplus.resources.Pe;
import org.cloudsimplus.resources.PeSimple;
import org.cloudsimplus.schedulers.vm.VmSchedulerSpaceShared;
import org.cloudsimplus.util.Log;
import org.cloudsimplus.vms.Vm;
import org.cloudsimplus.vms.VmSimple;

/**
 * The shared scenario in CloudSim Plus, set up as kindly as we know how.
 *
 * <p>Unless asked for, no cloudlets run; no scheduling interval ticks and nothing is logged, so
 * nothing happens between arrivals, departures and failures. A VM is handed to the broker when it
 * arrives and not all at the start, which spares the broker a scan of its waiting list per VM.
 * Placement is its own first fit, hosts fail through its own {@link HostFaultInjection}, and a VM
 * whose host fails is submitted again for the rest of its life. Its clean-up at the end is cut off.
 * There is no failure detection, fencing, shadow or state to move.
 */
public final class CloudSimPlusRun {

  /** Every VM runs one cloudlet for its life, as in its examples; without it VMs do nothing. */
  private static final boolean WITH_CLOUDLETS =
      System.getProperty("variant", "").equals("CLOUDLETS");

  private static final double MIPS = 1_000;
  private static final long BANDWIDTH = 1_000_000;

  private final SharedScenario scenario;
  private final CloudSimPlus simulation = new CloudSimPlus();
  private final List<Host> hosts = new ArrayList<>();
  private final Counts counts = new Counts();

  private CloudSimPlusRun(SharedScenario scenario) {
    this.scenario = scenario;
  }

  /** One run in a process of its own; see {@link ChildRun}. */
  public static void main(String... args) {
    ChildRun.report(args, scenario -> run(SharedScenario.of(scenario)).toString());
  }

  /** Runs the scenario to its end. */
  static Counts run(SharedScenario scenario) {
    Log.setLevel(Level.OFF);
    CloudSimPlusRun run = new CloudSimPlusRun(scenario);
    scenario.hosts().forEach(capacity -> run.hosts.add(host(capacity)));
    Datacenter datacenter =
        new DatacenterSimple(run.simulation, run.hosts, new VmAllocationPolicyFirstFit());
    DatacenterBroker broker = new DatacenterBrokerSimple(run.simulation);
    broker.setShutdownWhenIdle(false);
    broker.getVmCreation().setMaxRetries(0);
    run.new World(datacenter, broker);
    run.simulation.start();
    return run.counts;
  }

  private static Host host(Resources capacity) {
    List<Pe> pes = new ArrayList<>(capacity.vcpus());
    for (int i = 0; i < capacity.vcpus(); i++) {
      pes.add(new PeSimple(MIPS));
    }
    return new HostSimple(capacity.memoryMib(), BANDWIDTH, capacity.diskGib() * 1024, pes)
        .setVmScheduler(new VmSchedulerSpaceShared());
  }

  /** What happened, for comparing the two simulators. */
  static final class Counts {
    long arrived;
    long placed;
    long refused;
    long departed;
    long hostsFailed;
    long vmsHit;
    long vmsRestarted;

    @Override
    public String toString() {
      return "arrived %,d; placed %,d; refused %,d; departed %,d; hosts failed %,d; VMs hit %,d; restarted %,d"
          .formatted(arrived, placed, refused, departed, hostsFailed, vmsHit, vmsRestarted);
    }
  }

  /** One VM of the scenario, or what is left of its life after its host failed. */
  private record Stay(VmSimple vm, double ends, boolean again) {}

  /** Feeds arrivals, departures, failures and repairs into the simulation, one event at a time. */
  private final class World extends CloudSimEntity {
    private static final int ARRIVE = 10_001;
    private static final int DEPART = 10_002;
    private static final int FAIL = 10_003;
    private static final int MEND = 10_004;
    private static final int RESTART = 10_005;
    private static final int END = 10_006;

    private final Datacenter datacenter;
    private final DatacenterBroker broker;
    private final HostFaultInjection faults;
    private final IdentityHashMap<Vm, Stay> running = new IdentityHashMap<>();
    private int nextArrival;
    private int nextFailure;

    World(Datacenter datacenter, DatacenterBroker broker) {
      super(simulation);
      this.datacenter = datacenter;
      this.broker = broker;
      this.faults = new GivenFaults(datacenter);
    }

    @Override
    protected void startInternal() {
      scheduleArrival();
      scheduleFailure();
      schedule(scenario.seconds(), END);
    }

    private void scheduleArrival() {
      if (nextArrival < scenario.arrivals().size()) {
        schedule(until(scenario.arrivals().get(nextArrival).at()), ARRIVE);
      }
    }

    private void scheduleFailure() {
      if (nextFailure < scenario.failures().size()) {
        schedule(until(scenario.failures().get(nextFailure).at()), FAIL);
      }
    }

    /** What would happen after the end of the scenario is left out, so the simulation runs dry. */
    private void later(double at, int tag, Object data) {
      if (at <= scenario.seconds()) {
        schedule(until(at), tag, data);
      }
    }

    private double until(double at) {
      return Math.max(0, at - simulation.clock());
    }

    @Override
    public void processEvent(SimEvent event) {
      switch (event.getTag()) {
        case ARRIVE -> arrive();
        case DEPART -> depart((Stay) event.getData());
        case FAIL -> fail();
        case MEND -> mend((HostSimple) event.getData());
        case RESTART -> restart((Stay) event.getData());
        // Its own ending would take every VM from a list of all VMs, one by one.
        case END -> simulation.abort();
        default -> {}
      }
    }

    private void arrive() {
      Arrival arrival = scenario.arrivals().get(nextArrival++);
      VmSimple vm = new VmSimple(MIPS, arrival.size().vcpus());
      vm.setRam(arrival.size().memoryMib()).setBw(1).setSize(arrival.size().diskGib() * 1024);
      counts.arrived++;
      submit(new Stay(vm, arrival.at() + arrival.lifetime(), false));
      scheduleArrival();
    }

    private void submit(Stay stay) {
      stay.vm().addOnHostAllocationListener(info -> placed(stay));
      stay.vm().addOnCreationFailureListener(info -> counts.refused++);
      broker.submitVm(stay.vm());
    }

    private void placed(Stay stay) {
      if (stay.again()) {
        counts.vmsRestarted++;
      } else {
        counts.placed++;
      }
      running.put(stay.vm(), stay);
      if (WITH_CLOUDLETS) {
        double seconds = Math.max(1, stay.ends() - simulation.clock());
        broker.submitCloudlet(
            new CloudletSimple((long) (seconds * MIPS), stay.vm().getPesNumber()).setVm(stay.vm()));
      }
      later(stay.ends(), DEPART, stay);
    }

    private void depart(Stay stay) {
      if (running.remove(stay.vm()) != null) {
        counts.departed++;
        schedule(datacenter, 0, CloudSimTag.VM_DESTROY, stay.vm());
      }
    }

    private void fail() {
      Failure failure = scenario.failures().get(nextFailure++);
      HostSimple host = (HostSimple) hosts.get(failure.host());
      counts.hostsFailed++;
      List<Vm> hit = List.copyOf(host.getVmList());
      faults.generateHostFault(host);
      for (Vm vm : hit) {
        Stay stay = running.remove(vm);
        if (stay != null) {
          counts.vmsHit++;
          schedule(0, RESTART, stay);
        }
      }
      later(failure.mended(), MEND, host);
      scheduleFailure();
    }

    private void mend(HostSimple host) {
      host.setPeStatus(host.getPeList(), Pe.Status.FREE);
    }

    private void restart(Stay stay) {
      VmSimple vm = new VmSimple(MIPS, stay.vm().getPesNumber());
      vm.setRam(stay.vm().getRam().getCapacity())
          .setBw(1)
          .setSize(stay.vm().getStorage().getCapacity());
      submit(new Stay(vm, stay.ends(), true));
    }
  }

  /** Its fault injection, without the random faults it would add to ours. */
  private static final class GivenFaults extends HostFaultInjection {
    GivenFaults(Datacenter datacenter) {
      super(datacenter);
    }

    @Override
    protected void startInternal() {
      // The times and the hosts come from the scenario.
    }
  }
}
