package io.penumbra.adapter.qemu.agent;

import io.penumbra.domain.VmId;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;

/** Every VM of which there is an instance on this host, in the order of their ids. */
final class VmShelf {

  private static final String FILE = "instance.json";

  private final Path directory;
  private final ConcurrentNavigableMap<VmId, HostedVm> vms = new ConcurrentSkipListMap<>();

  private VmShelf(Path directory) {
    this.directory = directory;
  }

  /** What an agent before has left there. */
  static VmShelf open(Path directory) throws IOException {
    VmShelf shelf = new VmShelf(directory);
    Files.createDirectories(directory);
    try (DirectoryStream<Path> known = Files.newDirectoryStream(directory)) {
      for (Path vm : known) {
        Path file = vm.resolve(FILE);
        if (Files.exists(file)) {
          HostedVm read = HostedVm.read(file);
          shelf.vms.put(read.id(), read);
        }
      }
    }
    return shelf;
  }

  Optional<HostedVm> find(VmId vm) {
    return Optional.ofNullable(vms.get(vm));
  }

  /** The one that is there, or a new one; what a new one is to remember is not durable yet. */
  HostedVm findOrAdd(VmId vm, Supplier<InstanceRecord> fresh) {
    return vms.computeIfAbsent(
        vm,
        id ->
            new HostedVm(
                fresh.get(),
                directory
                    .resolve(URLEncoder.encode(id.value(), StandardCharsets.UTF_8))
                    .resolve(FILE)));
  }

  void forget(HostedVm vm) {
    vms.remove(vm.id(), vm);
    vm.forget();
  }

  List<HostedVm> all() {
    return List.copyOf(vms.values());
  }
}
