package io.penumbra.adapter.qemu.guest;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** What is remembered of a guest on disk, so that another agent process can go on with it. */
record GuestFile(GuestSpec spec, Path ram, GuestRole role) {

  private static final ObjectMapper JSON = JsonMapper.builder().addModule(new Jdk8Module()).build();

  static GuestFile read(GuestHome home) throws IOException {
    return JSON.readValue(Files.readAllBytes(home.description()), GuestFile.class);
  }

  void write(GuestHome home) throws IOException {
    Path part = home.directory().resolve("guest.json.part");
    Files.write(part, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
    Files.move(
        part,
        home.description(),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
