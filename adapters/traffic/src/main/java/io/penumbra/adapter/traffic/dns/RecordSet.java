package io.penumbra.adapter.traffic.dns;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.xbill.DNS.Record;

/** All records of one name and type (RFC 2181's RRSet), in one order. */
record RecordSet(List<Record> records) {

  RecordSet {
    List<Record> sorted = new ArrayList<>(records);
    sorted.sort(Comparator.comparing(Record::rdataToString));
    records = List.copyOf(sorted);
  }

  static RecordSet of(Record record) {
    return new RecordSet(List.of(record));
  }

  boolean isEmpty() {
    return records.isEmpty();
  }

  Optional<Long> ttl() {
    return records.isEmpty() ? Optional.empty() : Optional.of(records.getFirst().getTTL());
  }

  RecordSet withTtl(long seconds) {
    return new RecordSet(
        records.stream()
            .map(record ->
                Record.newRecord(
                    record.getName(),
                    record.getType(),
                    record.getDClass(),
                    seconds,
                    record.rdataToWireCanonical()))
            .toList());
  }

  /** Names, types, data and times to live: all of it. */
  boolean same(RecordSet other) {
    if (records.size() != other.records.size()) {
      return false;
    }
    for (int i = 0; i < records.size(); i++) {
      Record one = records.get(i);
      Record two = other.records.get(i);
      // Record.equals leaves the time to live out, as RFC 2181 has it.
      if (!one.equals(two) || one.getTTL() != two.getTTL()) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return isEmpty()
        ? "nothing"
        : String.join(
            ", ",
            records.stream()
                .map(record -> "%s for %d s".formatted(record.rdataToString(), record.getTTL()))
                .toList());
  }
}
