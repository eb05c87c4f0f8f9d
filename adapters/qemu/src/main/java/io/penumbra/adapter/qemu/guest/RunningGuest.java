package io.penumbra.adapter.qemu.guest;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A QEMU process that runs on this host, whoever has started it.
 *
 * @param name as QEMU was told; empty if it was not
 * @param monitor a QMP socket that the command line names
 * @param libvirt whether libvirt has started it and holds its monitor
 */
public record RunningGuest(
    long pid, String name, Optional<Path> monitor, boolean libvirt, List<String> commandLine) {

  public RunningGuest {
    commandLine = List.copyOf(commandLine);
  }

  /** As QEMU was told; libvirt always tells. */
  public Optional<String> uuid() {
    return word("-uuid");
  }

  /** Whether that is its name or its UUID. */
  public boolean isCalled(String nameOrUuid) {
    return name.equals(nameOrUuid) || uuid().filter(nameOrUuid::equals).isPresent();
  }

  /** What follows an option, the first time that it is given. */
  Optional<String> word(String option) {
    int at = commandLine.indexOf(option);
    return at >= 0 && at + 1 < commandLine.size()
        ? Optional.of(commandLine.get(at + 1))
        : Optional.empty();
  }
}
