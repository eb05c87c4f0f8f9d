package io.penumbra.adapter.qemu.guest;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What somebody else has started a guest's QEMU with, as far as another QEMU needs the same to go
 * on with its state: the devices with their names and addresses, and everything that shapes them.
 * What is behind the devices is the other host's own: see {@link CommandLine}. Words that could do
 * more than describe a guest's hardware are refused, from wherever they come.
 *
 * @param lacks what can't be carried, by name; then a guest is started with devices of ours
 * @param memory the name of the object that is its memory
 * @param memoryByPath whether its block is named by the object's path, which is QEMU's default
 * @param words options and values as they are
 * @param drives the disks that its devices have
 * @param channels what character devices there are
 * @param console which of them is its first serial line
 * @param audio what sound devices play to
 * @param cards what network devices are connected to
 * @param address where the guest itself is reached, whatever host it is on
 */
public record CarriedLine(
    Optional<String> lacks,
    String memory,
    boolean memoryByPath,
    List<String> words,
    List<Drive> drives,
    List<String> channels,
    Optional<String> console,
    List<String> audio,
    List<Card> cards,
    Optional<String> address) {

  private static final String ID = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";

  public CarriedLine {
    words = List.copyOf(words);
    drives = List.copyOf(drives);
    channels = List.copyOf(channels);
    audio = List.copyOf(audio);
    cards = List.copyOf(cards);
    List<String> names = new ArrayList<>(channels);
    names.add(memory);
    names.addAll(audio);
    console.ifPresent(names::add);
    for (String name : names) {
      if (!name.matches(ID)) {
        throw new IllegalArgumentException("name '%s'; expected one as QEMU has".formatted(name));
      }
    }
    Optional<String> refusal = lacks.isPresent() ? Optional.empty() : CarriedWords.whyNot(words);
    if (refusal.isPresent()) {
      throw new IllegalArgumentException(refusal.get());
    }
  }

  /** A line of which this can't be carried. */
  static CarriedLine without(String lacks, List<Card> cards) {
    return new CarriedLine(
        Optional.of(lacks),
        "ram",
        true,
        List.of(),
        List.of(),
        List.of(),
        Optional.empty(),
        List.of(),
        cards,
        Optional.empty());
  }

  /**
   * What a device reads and writes.
   *
   * @param disk the guest's disk of that name
   * @param bytes as the guest sees it
   */
  public record Drive(String disk, boolean readOnly, long bytes) {}

  /**
   * What a network device is connected to.
   *
   * @param name as QEMU knows it
   * @param kind of the network that the guest's own host has it in: {@code user} or {@code tap}
   * @param queues pairs of queues
   * @param here how it is connected on this host: {@code bridge:NAME}, {@code tap:INTERFACE} or
   *     {@code user}; empty if nobody has said that
   */
  public record Card(String name, String kind, int queues, Optional<String> here) {

    public Card {
      if (!name.matches(ID) || queues < 1 || queues > 256) {
        throw new IllegalArgumentException("card '%s' of %d queues".formatted(name, queues));
      }
      if (here.filter(place -> !place.matches("user|(bridge|tap):[A-Za-z0-9._-]{1,15}"))
          .isPresent()) {
        throw new IllegalArgumentException(
            "network '%s' of card %s; expected bridge:NAME, tap:INTERFACE or user"
                .formatted(here.get(), name));
      }
    }

    /** Whether QEMU itself is its network, which needs nothing of the host. */
    boolean isUser() {
      return here.orElse(kind).equals("user");
    }

    /** How QEMU is told. */
    String backend() {
      String[] place = here.orElse(kind).split(":", 2);
      String more = queues > 1 ? ",queues=" + queues : "";
      return switch (place[0]) {
        case "bridge" -> "bridge,id=%s,br=%s".formatted(name, place[1]);
        case "tap" ->
            "tap,id=%s%s,script=no,downscript=no%s"
                .formatted(name, place.length > 1 ? ",ifname=" + place[1] : "", more);
        default -> "user,id=" + name;
      };
    }
  }

  /** Whether all of it can be carried. */
  boolean isWhole() {
    return lacks.isEmpty();
  }

  /** The card whose network forwards ports of the host. */
  Optional<String> forwarding() {
    return cards.stream().filter(Card::isUser).map(Card::name).findFirst();
  }

  /** A card that somebody has to say the network of. */
  public Optional<Card> unconnected() {
    return isWhole()
        ? cards.stream().filter(card -> card.here().isEmpty() && !card.isUser()).findFirst()
        : Optional.empty();
  }

  /** The same on a host where cards are connected so. */
  public CarriedLine connected(SortedMap<String, String> networks, Optional<String> reachedAt) {
    List<Card> connected = new ArrayList<>();
    for (Card card : cards) {
      connected.add(
          new Card(
              card.name(),
              card.kind(),
              card.queues(),
              Optional.ofNullable(networks.get(card.name()))));
    }
    return new CarriedLine(
        lacks, memory, memoryByPath, words, drives, channels, console, audio, connected, reachedAt);
  }
}
