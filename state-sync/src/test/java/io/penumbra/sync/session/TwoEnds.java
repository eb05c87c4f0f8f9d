package io.penumbra.sync.session;

import io.penumbra.domain.VmId;
import io.penumbra.sync.epoch.Consistency;
import io.penumbra.sync.epoch.EpochManifest;
import io.penumbra.sync.epoch.HealthSnapshot;
import io.penumbra.sync.epoch.PageHash;
import io.penumbra.sync.epoch.PageHashes;
import io.penumbra.sync.epoch.PageSize;
import io.penumbra.sync.epoch.Region;
import io.penumbra.sync.epoch.RegionId;
import io.penumbra.sync.epoch.RegionKind;
import io.penumbra.sync.epoch.StateLayout;
import io.penumbra.sync.frame.Message;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Both sessions over a link that loses, repeats and reorders, in virtual time. A page is one
 * number, which is its own hash; a change is coded as the exclusive or with what the receiver has,
 * so that a rotten page over there gives a wrong one.
 */
final class TwoEnds {

  static final StateLayout LAYOUT =
      new StateLayout(
          List.of(
              new Region(RegionId.of("ram"), RegionKind.RAM, 40L * PageSize.BYTES),
              new Region(RegionId.of("disk"), RegionKind.DISK, 23L * PageSize.BYTES)));

  private static final VmId VM = VmId.of("vm-1");
  private static final SenderSettings SETTINGS =
      new SenderSettings(
          Duration.ofSeconds(1),
          Duration.ofMillis(200),
          Duration.ofSeconds(3),
          4,
          2,
          SenderSettings.Untouched.NOT_SENT,
          Early.OFF);

  final SplittableRandom random;
  final long[] live = new long[LAYOUT.pages()];
  final List<EpochManifest> acked = new ArrayList<>();
  final Map<Long, long[]> cuts = new TreeMap<>();
  long[] durable = zeros();
  Optional<EpochManifest> newest = Optional.empty();
  int pagesShipped;
  int standaloneShipped;
  int plannedPages;
  double loss;

  private final List<Sent> link = new ArrayList<>();
  private Instant now = Instant.parse("2026-11-21T03:00:00Z");
  private SenderSession sender;
  private ReceiverSession receiver;
  private long[] staged = zeros();
  private BitSet stagedPages = new BitSet();
  private long[] senderBase = zeros();
  private Optional<CutFacts> cut = Optional.empty();
  private long[] cutContent = zeros();

  /** Pages that went ahead of the coming cut, with their content then. */
  private final SortedMap<Integer, Long> ahead = new TreeMap<>();

  private long comingCut;
  int pagesAhead;

  TwoEnds(long seed) {
    random = new SplittableRandom(seed);
    sender = newSender();
    receiver = newReceiver();
    sender.connected(number(), now);
  }

  private static long[] zeros() {
    return IntStream.range(0, LAYOUT.pages()).mapToLong(_ -> PageHash.ZERO_PAGE).toArray();
  }

  private static SenderSession newSender() {
    return new SenderSession(VM, LAYOUT, 1, SETTINGS);
  }

  private static ReceiverSession newReceiver() {
    return new ReceiverSession(new EscalationPolicy(6, 1));
  }

  private long number() {
    return random.nextLong() | 1;
  }

  long ackedEpoch() {
    return sender.acked();
  }

  /** Lets the guest write some pages. */
  void write(int count) {
    for (int i = 0; i < count; i++) {
      live[random.nextInt(live.length)] = random.nextLong();
    }
  }

  /** A page becomes again what it was at the last acked cut. */
  void writeBack() {
    int page = ahead.isEmpty() ? random.nextInt(live.length) : ahead.firstKey();
    live[page] = senderBase[page];
  }

  /** Sends some of the pages that have changed ahead of the coming cut. */
  void sendAhead() {
    if (!sender.maySendAhead()) {
      return;
    }
    int[] pages =
        IntStream.range(0, live.length)
            .filter(page -> live[page] != senderBase[page] && random.nextInt(3) > 0)
            .toArray();
    if (pages.length == 0) {
      return;
    }
    comingCut = ahead.isEmpty() ? number() : comingCut;
    for (int page : pages) {
      ahead.put(page, live[page]);
    }
    pagesAhead += pages.length;
    long[] hashes = IntStream.of(pages).mapToLong(page -> live[page]).toArray();
    ship(new SenderStep.Ship(sender.acked() + 1, comingCut, false, pages, hashes), live);
  }

  void reconnect() {
    link.clear();
    ahead.clear();
    sender.lost();
    sender.connected(number(), now);
  }

  void killSender() {
    sender = newSender();
    cut = Optional.empty();
    senderBase = zeros();
    reconnect();
  }

  void killReceiver() {
    receiver = newReceiver();
    stagedPages.clear();
    link.clear();
  }

  void rot(int page) {
    durable[page] ^= 0x10;
  }

  /** Whether the receiver has been greeted, and so knows what it has. */
  boolean isOpen() {
    return receiver.committed() > 0;
  }

  /** The receiver looks at a page, and sees what has become of it. */
  void lookAt(int page) {
    if (receiver.expectedHash(page) != durable[page]) {
      receiver.rotten(new int[] {page}, new long[] {durable[page]});
    }
  }

  /** One step of either end, or a moment of waiting. */
  void turn() {
    if (!link.isEmpty() && random.nextBoolean()) {
      deliver();
      return;
    }
    switch (sender.next(now)) {
      case SenderStep.Say(Message message) -> {
        if (message instanceof Message.Plan plan) {
          plannedPages += plan.pages().length;
        }
        send(true, sender.session(), message);
      }
      case SenderStep.Ship ship -> ship(ship, cutContent);
      case SenderStep.TakeCut take -> takeCut(take);
      case SenderStep.Accepted(long epoch, boolean _) -> {
        senderBase = cutContent.clone();
        acked.add(newest.orElseThrow());
        cuts.put(epoch, cutContent.clone());
      }
      case SenderStep.Rest(Instant until) -> {
        if (link.isEmpty()) {
          now = until.isAfter(now.plusSeconds(5)) ? now.plusMillis(100) : until;
        } else {
          deliver();
        }
      }
      case SenderStep.Reconnect _ -> reconnect();
      case SenderStep.ResetPredictors _ -> {}
      case SenderStep.Refused(String reason) -> throw new AssertionError(reason);
    }
  }

  private void takeCut(SenderStep.TakeCut take) {
    cutContent = live.clone();
    int[] pages =
        take.whole()
            ? IntStream.range(0, live.length).toArray()
            : IntStream.range(0, live.length).filter(i -> live[i] != senderBase[i]).toArray();
    long[] content = cutContent;
    long cutNumber = ahead.isEmpty() || take.whole() ? number() : comingCut;
    int[] all =
        take.whole()
            ? pages
            : IntStream.concat(
                    IntStream.of(pages), ahead.keySet().stream().mapToInt(Integer::intValue))
                .sorted()
                .distinct()
                .toArray();
    int[] left =
        IntStream.of(all)
            .filter(
                page -> take.whole() || ahead.getOrDefault(page, ~content[page]) != content[page])
            .toArray();
    ahead.clear();
    cut =
        Optional.of(
            new CutFacts(
                cutNumber,
                all,
                left,
                page -> content[page],
                PageHashes.of(content.clone()).root(),
                now,
                Consistency.QUIESCED,
                0,
                HealthSnapshot.UNKNOWN));
    sender.cutTaken(cut.get(), now);
  }

  private void ship(SenderStep.Ship ship, long[] content) {
    ByteBuffer block = ByteBuffer.allocate(ship.pages().length * Long.BYTES);
    for (int page : ship.pages()) {
      block.putLong(content[page] ^ (ship.standalone() ? 0 : senderBase[page]));
    }
    pagesShipped += ship.pages().length;
    standaloneShipped += ship.standalone() ? ship.pages().length : 0;
    send(
        true,
        sender.session(),
        new Message.Pages(
            ship.epoch(),
            ship.cut(),
            ship.standalone(),
            ship.pages(),
            ship.hashes(),
            block.array()));
  }

  private void send(boolean toReceiver, long session, Message message) {
    while (random.nextDouble() >= loss) {
      link.add(new Sent(toReceiver, session, message));
      if (random.nextDouble() >= loss) {
        return;
      }
    }
  }

  private void deliver() {
    int which = random.nextDouble() < loss ? random.nextInt(link.size()) : 0;
    Sent sent = link.remove(which);
    if (sent.toReceiver()) {
      carryOut(receiver.heard(sent.session(), sent.message(), number()));
    } else {
      sender.heard(sent.session(), sent.message(), now);
    }
  }

  private void carryOut(List<ReceiverStep> steps) {
    for (ReceiverStep step : steps) {
      switch (step) {
        case ReceiverStep.Say(long session, Message message) -> send(false, session, message);
        case ReceiverStep.Open _ ->
            carryOut(receiver.opened(newest, PageHashes.of(durable.clone())));
        case ReceiverStep.Decode(Message.Pages pages) -> decode(pages);
        case ReceiverStep.Unstage(int[] pages) -> {
          for (int page : pages) {
            stagedPages.clear(page);
          }
        }
        case ReceiverStep.Discard _ -> stagedPages.clear();
        case ReceiverStep.Commit(EpochManifest manifest) -> commit(manifest);
        case ReceiverStep.ResetPredictors _, ReceiverStep.Accepted _ -> {}
      }
    }
  }

  private void decode(Message.Pages pages) {
    ByteBuffer block = ByteBuffer.wrap(pages.block());
    BitSet wrong = new BitSet();
    for (int i = 0; i < pages.pages().length; i++) {
      int page = pages.pages()[i];
      long content = block.getLong() ^ (pages.standalone() ? 0 : durable[page]);
      if (content != pages.hashes()[i]) {
        wrong.set(i);
      } else if (newest.isEmpty() || receiver.isMend(page, content)) {
        durable[page] = content;
      } else {
        staged[page] = content;
        stagedPages.set(page);
      }
    }
    carryOut(receiver.decoded(pages, wrong));
  }

  private void commit(EpochManifest manifest) {
    long[] next = durable.clone();
    stagedPages.stream().forEach(page -> next[page] = staged[page]);
    if (!PageHashes.of(next.clone()).root().equals(manifest.root())) {
      throw new AssertionError("epoch %d committed with another root".formatted(manifest.epoch()));
    }
    if (newest.isPresent() && manifest.epoch() <= newest.get().epoch()) {
      throw new AssertionError(
          "epoch %d after %d".formatted(manifest.epoch(), newest.get().epoch()));
    }
    durable = next;
    newest = Optional.of(manifest);
    stagedPages.clear();
    carryOut(receiver.committed(manifest));
  }

  private record Sent(boolean toReceiver, long session, Message message) {}
}
