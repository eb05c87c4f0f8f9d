package io.penumbra.adapter.qemu.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the guests that run on this host, by their processes' command lines. */
public final class GuestDiscovery {

  private static final Pattern EMULATOR = Pattern.compile("(.*/)?(qemu-system-\\w+|qemu-kvm|kvm)");
  private static final Pattern NAME = Pattern.compile("(?:guest=)?([^,]+).*");
  private static final Pattern UNIX_SOCKET = Pattern.compile("unix:([^,]+),.*server.*");
  private static final Pattern LIBVIRT_MONITOR =
      Pattern.compile("socket,.*(?:fd=\\d+|path=/var/lib/libvirt/[^,]+).*");

  private GuestDiscovery() {}

  /** All of them, by process id; those whose command line may not be read are left out. */
  public static List<RunningGuest> find() {
    List<RunningGuest> found = new ArrayList<>();
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      processes
          .map(process -> String.valueOf(process.getFileName()))
          .filter(name -> name.matches("\\d+"))
          .mapToLong(Long::parseLong)
          .sorted()
          .forEach(pid -> guest(pid, new ProcessFiles(pid).commandLine()).ifPresent(found::add));
    } catch (IOException _) {
      // Without /proc nobody is found.
    }
    return List.copyOf(found);
  }

  /** Reads a command line; empty if it is not that of an emulator. */
  static Optional<RunningGuest> guest(long pid, List<String> words) {
    if (words.isEmpty() || !EMULATOR.matcher(words.getFirst()).matches()) {
      return Optional.empty();
    }
    String name = after(words, "-name").flatMap(value -> first(NAME, value)).orElse("");
    Optional<Path> monitor =
        after(words, "-qmp").flatMap(value -> first(UNIX_SOCKET, value)).map(Path::of);
    boolean libvirt =
        after(words, "-chardev").filter(LIBVIRT_MONITOR.asMatchPredicate()).isPresent();
    return Optional.of(new RunningGuest(pid, name, monitor, libvirt, words));
  }

  private static Optional<String> first(Pattern pattern, String value) {
    Matcher matcher = pattern.matcher(value);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private static Optional<String> after(List<String> words, String option) {
    int at = words.indexOf(option);
    return at >= 0 && at + 1 < words.size() ? Optional.of(words.get(at + 1)) : Optional.empty();
  }
}
