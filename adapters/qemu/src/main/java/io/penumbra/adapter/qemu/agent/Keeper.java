package io.penumbra.adapter.qemu.agent;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import java.nio.file.Path;

/** Who has started a QEMU process, and how it is taken hold of therefore. */
interface Keeper {

  /** Takes hold of the guest in that process, which runs. */
  Reply<QemuGuest> takeUp();

  /** It is no part of the agent. */
  void letOut(long pid);

  /** Gives it more or less of the CPU than others: 100 is normal. */
  Reply<String> weigh(long pid, int weight);

  /** Whether it is to stay when its VM is looked after no more. */
  boolean lends();

  /** An agent on this host, which knows it by its directory. */
  record Agent(Path directory, OwnCaps caps) implements Keeper {

    @Override
    public Reply<QemuGuest> takeUp() {
      return QemuGuest.adopt(directory, QemuHypervisor.PATIENCE);
    }

    @Override
    public void letOut(long pid) {
      caps.letOut(pid);
    }

    @Override
    public Reply<String> weigh(long pid, int weight) {
      return caps.weigh(pid, weight);
    }

    @Override
    public boolean lends() {
      return false;
    }
  }
}
