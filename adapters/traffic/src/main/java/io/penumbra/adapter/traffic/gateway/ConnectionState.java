package io.penumbra.adapter.traffic.gateway;

import io.penumbra.adapter.traffic.gateway.frame.Nature;
import io.penumbra.adapter.traffic.gateway.frame.Request;
import io.penumbra.sync.requestlog.CutPoint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the VM knows of a connection beside the data: user, database, name, an open transaction. It
 * dies with the connection to the VM, so it is told again on a new one, as it was at the cut.
 */
final class ConnectionState {

  /** Fold the older ones when there are more entries than this. */
  private static final int ENTRIES_MAX = 64;

  private List<Entry> entries = List.of();

  /** Notes an answered request, if it says something of the connection. */
  void answered(Request request, long position, boolean refused, long oldestCut) {
    boolean lasting =
        switch (request.nature()) {
          case CONNECTION -> !refused;
          case OPEN_TRANSACTION, CLOSE_TRANSACTION, WATCH, RESET -> true;
          case ONCE, REPEATABLE, BLOCKING, UPGRADE, OPAQUE, LAST -> false;
        };
    if (lasting) {
      add(new Entry(position, request, false), oldestCut);
    }
  }

  /** Notes a request that the VM has queued in an open transaction. */
  void queued(Request request, long position, long oldestCut) {
    add(new Entry(position, request, true), oldestCut);
  }

  private void add(Entry entry, long oldestCut) {
    List<Entry> more = new ArrayList<>(entries);
    more.add(entry);
    if (more.size() > ENTRIES_MAX) {
      List<Entry> old = more.stream().filter(e -> e.position <= oldestCut).toList();
      List<Entry> young = more.stream().filter(e -> e.position > oldestCut).toList();
      more = new ArrayList<>(fold(old));
      more.addAll(young);
    }
    entries = more;
  }

  /** What to tell a new connection so that it stands where this one stood at a cut. */
  List<Request> at(CutPoint cut) {
    return requests(fold(entries.stream().filter(entry -> entry.in(cut)).toList()));
  }

  /** What to tell a new connection so that it stands where this one stands. */
  List<Request> now() {
    return requests(fold(entries));
  }

  boolean changedAfter(CutPoint cut) {
    return entries.stream().anyMatch(entry -> !entry.in(cut));
  }

  private static List<Request> requests(List<Entry> entries) {
    return entries.stream().map(Entry::request).toList();
  }

  private static List<Entry> fold(List<Entry> entries) {
    Map<String, Entry> slots = new LinkedHashMap<>();
    List<Entry> transaction = new ArrayList<>();
    for (Entry entry : entries) {
      switch (entry.request.nature()) {
        case RESET -> {
          slots.clear();
          transaction.clear();
        }
        case CLOSE_TRANSACTION -> {
          transaction.clear();
          slots.remove("WATCH");
        }
        case WATCH -> {
          if (entry.request.slot().equals("UNWATCH")) {
            slots.remove("WATCH");
          } else {
            slots.put("WATCH", entry);
          }
        }
        case OPEN_TRANSACTION -> transaction.add(entry);
        case CONNECTION, ONCE, REPEATABLE, BLOCKING, UPGRADE, OPAQUE, LAST -> {
          if (entry.queued) {
            transaction.add(entry);
          } else {
            // Put at the end: AUTH before HELLO is not the same as after it.
            slots.remove(entry.request.slot());
            slots.put(entry.request.slot(), entry);
          }
        }
      }
    }
    List<Entry> folded = new ArrayList<>(slots.values());
    folded.addAll(transaction);
    return folded;
  }

  /** One request that the VM remembers. */
  private record Entry(long position, Request request, boolean queued) {

    boolean in(CutPoint cut) {
      return position <= cut.position() && !cut.inDoubt().contains(position);
    }
  }

  static boolean watching(List<Request> requests) {
    return requests.stream().anyMatch(request -> request.nature() == Nature.WATCH);
  }
}
