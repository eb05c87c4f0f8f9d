package io.penumbra.adapter.qemu.shadow;

import com.fasterxml.jackson.databind.JsonNode;
import io.penumbra.adapter.qemu.Reply;
import io.penumbra.adapter.qemu.capture.Capabilities;
import io.penumbra.adapter.qemu.capture.DeviceState;
import io.penumbra.adapter.qemu.guest.GuestStatus;
import io.penumbra.adapter.qemu.guest.QemuGuest;
import io.penumbra.adapter.qemu.qmp.EventWatch;
import io.penumbra.adapter.qemu.qmp.QmpClient;
import io.penumbra.adapter.qemu.qmp.QmpCommand;
import io.penumbra.adapter.qemu.qmp.QmpEvent;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** Gives a waiting QEMU the state of its devices, over a socket. It is paused afterwards. */
final class DeviceLoad {

  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final Duration END = Duration.ofSeconds(2);
  private static final Duration POLL = Duration.ofMillis(5);
  private static final int COMPLAINT_CHARS_MAX = 1000;

  private DeviceLoad() {}

  static Reply<GuestStatus> into(QemuGuest guest, DeviceState state, String machine) {
    Path path = guest.home().deviceSocket();
    try (EventWatch progress = guest.qmp().watch("MIGRATION")) {
      Files.deleteIfExists(path);
      // In one go, for every question is a wait.
      List<Reply<JsonNode>> said =
          guest
              .qmp()
              .executeTogether(
                  List.of(
                      Capabilities.command(capabilities(state)),
                      QmpCommand.of("migrate-incoming").with("uri", "unix:" + path)),
                  QmpClient.USUAL);
      Reply<JsonNode> listens = said.getFirst().then(_ -> said.getLast());
      if (!listens.isDone()) {
        // Of the state that says nothing; one that has taken another before takes none.
        return Reply.unknown("QEMU does not take a state now: " + listens.refusal().orElse(""));
      }
      // One that hangs up in the middle says why when it ends.
      Reply<Integer> sent = send(path, state.incoming(machine));
      return finish(guest, progress, sent);
    } catch (IOException e) {
      return Reply.unknown("%s: %s".formatted(path, e.getMessage()));
    } finally {
      path.toFile().delete();
    }
  }

  private static String[] capabilities(DeviceState state) {
    return state.way() == DeviceState.Way.MIGRATION
        ? new String[] {"events", "x-ignore-shared"}
        : new String[] {"events"};
  }

  /** QEMU listens there, and reads all before it does anything. */
  private static Reply<Integer> send(Path path, byte[] stream) {
    try (SocketChannel to = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      ByteBuffer bytes = ByteBuffer.wrap(stream);
      while (bytes.hasRemaining()) {
        to.write(bytes);
      }
      return Reply.done(stream.length);
    } catch (IOException e) {
      return Reply.unknown("QEMU hung up while it was fed: " + e.getMessage());
    }
  }

  /** A guest that refuses says so, or ends; one that is slow may yet go on with it. */
  private static Reply<GuestStatus> finish(
      QemuGuest guest, EventWatch progress, Reply<Integer> sent) {
    Optional<QmpEvent> end =
        progress.await(
            event -> {
              String status = event.data().path("status").asText();
              return status.equals("completed") || status.equals("failed");
            },
            sent.isDone() ? TIMEOUT : END);
    if (end.isPresent() && end.get().data().path("status").asText().equals("completed")) {
      // QEMU says so when it has become paused, and not before.
      return Reply.done(new GuestStatus(GuestStatus.Phase.PAUSED, "paused"));
    }
    return end.isPresent() || hasEnded(guest)
        ? Reply.refused("QEMU can't go on with that state: " + complaint(guest))
        : Reply.unknown(
            sent.refusal().orElse("QEMU has not taken that state within %s".formatted(TIMEOUT)));
  }

  /** Its monitor hangs up a moment before it is gone. */
  private static boolean hasEnded(QemuGuest guest) {
    long until = System.nanoTime() + END.toNanos();
    while (guest.isAlive() && System.nanoTime() < until) {
      LockSupport.parkNanos(POLL.toNanos());
    }
    return !guest.isAlive();
  }

  private static String complaint(QemuGuest guest) {
    try {
      String text = Files.readString(guest.home().log()).strip();
      return text.substring(Math.max(0, text.length() - COMPLAINT_CHARS_MAX));
    } catch (IOException e) {
      return "%s can't be read".formatted(guest.home().log());
    }
  }
}
