package io.penumbra.adapter.qemu.capture;

import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import java.util.List;

/** Has the state of a guest's devices saved. The guest stands still before and after. */
interface DeviceSaver extends AutoCloseable {

  /** Commands that go with the one that stops the guest, so that nothing is waited for. */
  List<QmpCommand> commands();

  /** Takes in what the last command has brought. */
  Reply<DeviceState> collect();

  @Override
  void close();
}
