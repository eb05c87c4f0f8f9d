package io.penumbra.adapter.qemu.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penumbra.domain.VmId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What of a QEMU that libvirt has started is given to another. */
class CarriedWordsTest {

  private static final List<String> LIBVIRT =
      List.of(
          "/usr/bin/qemu-system-x86_64",
          "-name",
          "guest=instance-1,debug-threads=on",
          "-S",
          "-object",
          "{\"qom-type\":\"secret\",\"id\":\"masterKey0\",\"file\":\"/k.aes\"}",
          "-machine",
          "pc-q35-7.2,usb=off,memory-backend=pc.ram",
          "-accel",
          "kvm",
          "-cpu",
          "host,migratable=on",
          "-m",
          "256",
          "-object",
          "{\"qom-type\":\"memory-backend-memfd\",\"id\":\"pc.ram\",\"share\":true,\"x-use-canonical-path-for-ramblock-id\":false,\"size\":268435456}",
          "-overcommit",
          "mem-lock=off",
          "-uuid",
          "2b6f0ee3-3ac0-4a0b-8f0f-9fb0f3a7a7f4",
          "-no-user-config",
          "-nodefaults",
          "-chardev",
          "socket,id=charmonitor,fd=23,server=on,wait=off",
          "-mon",
          "chardev=charmonitor,id=monitor,mode=control",
          "-no-shutdown",
          "-device",
          "{\"driver\":\"pcie-root-port\",\"port\":8,\"id\":\"pci.1\",\"bus\":\"pcie.0\",\"addr\":\"0x1\"}",
          "-blockdev",
          "{\"driver\":\"file\",\"filename\":\"/disk\",\"node-name\":\"libvirt-1-storage\"}",
          "-blockdev",
          "{\"node-name\":\"libvirt-1-format\",\"driver\":\"qcow2\",\"file\":\"libvirt-1-storage\"}",
          "-device",
          "{\"driver\":\"virtio-blk-pci\",\"bus\":\"pci.2\",\"drive\":\"libvirt-1-format\",\"id\":\"virtio-disk0\"}",
          "-netdev",
          "{\"type\":\"tap\",\"fds\":\"27:28\",\"vhost\":true,\"vhostfds\":\"29:30\",\"id\":\"hostnet0\"}",
          "-device",
          "{\"driver\":\"virtio-net-pci\",\"mq\":true,\"netdev\":\"hostnet0\",\"id\":\"net0\"}",
          "-add-fd",
          "set=0,fd=26",
          "-chardev",
          "pty,id=charserial0,logfile=/dev/fdset/0,logappend=on",
          "-device",
          "isa-serial,chardev=charserial0,id=serial0",
          "-audiodev",
          "{\"id\":\"audio1\",\"driver\":\"spice\"}",
          "-vnc",
          "127.0.0.1:0",
          "-sandbox",
          "on,obsolete=deny",
          "-msg",
          "timestamp=on",
          "");

  private static final SortedSet<String> PRESENT =
      new TreeSet<>(List.of("pci.1", "virtio-disk0", "net0", "serial0"));

  private static SortedMap<String, CarriedLine.Drive> media() {
    return new TreeMap<>(
        java.util.Map.of("virtio-disk0", new CarriedLine.Drive("libvirt-3-format", false, 4096)));
  }

  private static List<String> with(String... more) {
    List<String> words = new ArrayList<>(LIBVIRT);
    words.addAll(List.of(more));
    return words;
  }

  private static CarriedLine read(List<String> words, String... plugged) {
    SortedSet<String> present = new TreeSet<>(PRESENT);
    present.addAll(List.of(plugged));
    return CarriedWords.read(words, media(), present);
  }

  @Test
  void devicesStayAsTheyAreAndWhatIsBehindThemIsMadeAnew() {
    CarriedLine line = read(LIBVIRT);
    assertThat(line.lacks()).isEmpty();
    assertThat(line.memory()).isEqualTo("pc.ram");
    assertThat(line.memoryByPath()).isFalse();
    assertThat(line.console()).contains("charserial0");
    assertThat(line.channels()).containsExactly("charserial0");
    assertThat(line.audio()).containsExactly("audio1");
    assertThat(line.cards())
        .containsExactly(new CarriedLine.Card("hostnet0", "tap", 2, Optional.empty()));

    TreeMap<String, String> networks = new TreeMap<>();
    networks.put("hostnet0", "tap:tap7");
    GuestSpec spec =
        new GuestSpec(
            VmId.of("vm"),
            256,
            1,
            "pc-q35-7.2",
            "host",
            Accelerator.KVM,
            Optional.empty(),
            List.of(Disk.raw("libvirt-3-format", Path.of("/state/libvirt-3-format.img"))),
            List.of(),
            false,
            Optional.of(line.connected(networks, Optional.empty())));
    List<String> words =
        CommandLine.of(
            spec,
            new GuestHome(Path.of("/g/vm"), Path.of("/dev/shm/vm")),
            GuestRole.SHADOW,
            LaunchSettings.DEFAULT);
    assertThat(words)
        .contains(
            "memory-backend-file,id=pc.ram,size=256M,mem-path=/dev/shm/vm,share=on,x-use-canonical-path-for-ramblock-id=off",
            "{\"driver\":\"virtio-blk-pci\",\"bus\":\"pci.2\",\"drive\":\"libvirt-3-format\",\"id\":\"virtio-disk0\"}",
            "tap,id=hostnet0,ifname=tap7,script=no,downscript=no,queues=2",
            "file,id=charserial0,path=/g/vm/console.log",
            "-incoming")
        .noneMatch(
            word -> word.contains("fd=") || word.contains("fds") || word.contains("masterKey"));
  }

  @Test
  void whatHasStateElsewhereIsRefusedByName() {
    assertThat(
            read(
                    with(
                        "-device",
                        "{\"driver\":\"vfio-pci\",\"host\":\"0000:01:00.0\",\"id\":\"hostdev0\"}"),
                    "hostdev0")
                .lacks())
        .contains("device hostdev0 (vfio-pci)");
    assertThat(
            read(with("-device", "vhost-vsock-pci,id=vsock0,guest-cid=3,vhostfd=31"), "vsock0")
                .lacks())
        .contains("device vsock0 (vhost-vsock-pci)");
    assertThat(read(with("-netdev", "vhost-user,chardev=charnet1,id=hostnet1")).lacks())
        .contains("card hostnet1 (vhost-user)");
    assertThat(read(with("-tpmdev", "emulator,id=tpm-tpm0,chardev=chrtpm")).lacks())
        .contains("option -tpmdev");
    assertThat(read(with("-object", "memory-backend-ram,id=ram-node1,size=1")).lacks())
        .contains("memory in 2 parts");
  }

  @Test
  void whatWasPluggedInOrPulledOutWhileItRanIsNoticed() {
    assertThat(read(LIBVIRT, "virtio-disk1").lacks())
        .contains("device virtio-disk1, which was plugged in since");
    assertThat(
            CarriedWords.read(
                    LIBVIRT, media(), new TreeSet<>(List.of("pci.1", "virtio-disk0", "net0")))
                .lacks())
        .contains("device serial0, which was pulled out since");
  }

  @Test
  void wordsFromElsewhereCanDescribeHardwareAndNothingElse() {
    CarriedLine line = read(LIBVIRT);
    for (List<String> words :
        List.of(
            List.of("-chardev", "file,id=x,path=/etc/passwd"),
            List.of("-device", "vfio-pci,host=01:00.0"),
            List.of("-object", "secret,id=s,file=/etc/shadow"),
            List.of("-runas", "root"))) {
      assertThatThrownBy(() ->
              new CarriedLine(
                  Optional.empty(),
                  line.memory(),
                  false,
                  words,
                  List.of(),
                  List.of(),
                  Optional.empty(),
                  List.of(),
                  List.of(),
                  Optional.empty()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
