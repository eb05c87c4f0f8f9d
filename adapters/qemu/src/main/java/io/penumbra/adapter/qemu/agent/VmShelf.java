package io.penumbra.adapter.qemu.agent;

import io.penumbra.domain.VmId;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Supplier;

/** Every VM of which there is an instance on this host, in the order of their ids. */
final class VmShelf {

  private static final String FILE = "instance.json";
  private static final String UNREADABLE = "instance.unreadable";

  private final Path directory;
  private final ConcurrentNavigableMap<VmId, HostedVm> vms = new ConcurrentSkipListMap<>();
  private final NavigableMap<VmId, String> unreadable = new TreeMap<>();

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
          shelf.take(file);
        }
      }
    }
    return shelf;
  }

  /** One that can't be read is put aside, for somebody to look at; all others are needed now. */
  private void take(Path file) throws IOException {
    try {
      HostedVm read = HostedVm.read(file);
      vms.put(read.id(), read);
    } catch (IOException | RuntimeException e) {
      Path directoryOfVm = DurableFile.directoryOf(file);
      Files.move(file, directoryOfVm.resolve(UNREADABLE), StandardCopyOption.REPLACE_EXISTING);
      String name = String.valueOf(directoryOfVm.getFileName());
      unreadable.put(
          VmId.of(URLDecoder.decode(name, StandardCharsets.UTF_8)),
          "%s: %s".formatted(directoryOfVm, e.getMessage()));
    }
  }

  /** VMs of which something may be here and nothing is known, and what was found. */
  NavigableMap<VmId, String> unreadable() {
    return Collections.unmodifiableNavigableMap(unreadable);
  }

  Optional<HostedVm> find(VmId vm) {
    return Optional.ofNullable(vms.get(vm));
  }

  /** The one that is there, or a new one; what a new one is to remember is not durable yet. */
  HostedVm findOrAdd(VmId vm, Supplier<InstanceRecord> fresh) {
    return vms.computeIfAbsent(
        vm, id -> new HostedVm(fresh.get(), directory.resolve(name(id)).resolve(FILE)));
  }

  /** Of one file, whatever the id is. */
  private static String name(VmId id) {
    String encoded = URLEncoder.encode(id.value(), StandardCharsets.UTF_8);
    return encoded.matches("\\.+") ? encoded.replace(".", "%2E") : encoded;
  }

  void forget(HostedVm vm) {
    vms.remove(vm.id(), vm);
    vm.forget();
  }

  List<HostedVm> all() {
    return List.copyOf(vms.values());
  }
}
