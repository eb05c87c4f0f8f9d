package io.penumbra.adapter.qemu.capture;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpCommand;

/** Has the state of a guest's devices saved. The guest stands still before and after. */
interface DeviceSaver extends AutoCloseable {

  /** A command that goes with the one that stops the guest, so that nothing is waited for. */
  QmpCommand command();

  /** Takes in what the command has brought. */
  Reply<DeviceState> collect();

  @Override
  void close();
}
