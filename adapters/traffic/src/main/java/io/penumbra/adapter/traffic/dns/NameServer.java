package io.penumbra.adapter.traffic.dns;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;

/** One authoritative server. Questions go to it and to nobody else, and only it may answer. */
final class NameServer {

  /** What it said. */
  sealed interface Answer {}

  /** The records of a name, by its own authority. */
  record Holds(RecordSet records) implements Answer {}

  /** It took an update. */
  record Updated() implements Answer {}

  /** It refused. */
  record Refuses(int code, String what) implements Answer {}

  /** No answer, or one that can't be believed. */
  record Silent(String why) implements Answer {}

  private final InetSocketAddress at;
  private final boolean signed;
  private final SimpleResolver quick;
  private final SimpleResolver stream;

  NameServer(InetSocketAddress at, Optional<TsigKey> key, Duration patience) {
    this.at = at;
    this.signed = key.isPresent();
    this.quick = resolver(at, key, patience, false);
    this.stream = resolver(at, key, patience, true);
  }

  private static SimpleResolver resolver(
      InetSocketAddress at, Optional<TsigKey> key, Duration patience, boolean tcp) {
    SimpleResolver resolver = new SimpleResolver(at);
    resolver.setTCP(tcp);
    resolver.setTimeout(patience);
    resolver.setEDNS(-1);
    key.ifPresent(secret -> resolver.setTSIGKey(secret.tsig()));
    return resolver;
  }

  Answer ask(Name name, int type) {
    Message question = Message.newQuery(Record.newRecord(name, type, DClass.IN));
    question.getHeader().unsetFlag(Flags.RD);
    Message answer;
    try {
      answer = quick.send(question);
    } catch (IOException e) {
      return silent(e);
    }
    if (!isProven(answer)) {
      return new Silent("%s: the answer is not signed as it should be".formatted(this));
    }
    int code = answer.getRcode();
    if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
      return refuses(answer);
    }
    if (!answer.getHeader().getFlag(Flags.AA)) {
      return new Silent("%s does not answer for %s by its own authority".formatted(this, name));
    }
    return new Holds(
        new RecordSet(
            answer.getSection(Section.ANSWER).stream()
                .filter(record -> record.getType() == type && record.getName().equals(name))
                .toList()));
  }

  /** By TCP: a lost datagram would leave us in doubt. */
  Answer update(Message update) {
    Message answer;
    try {
      answer = stream.send(update);
    } catch (IOException e) {
      return silent(e);
    }
    if (answer.getRcode() != Rcode.NOERROR) {
      return refuses(answer);
    }
    return isProven(answer)
        ? new Updated()
        : new Silent("%s: the answer is not signed as it should be".formatted(this));
  }

  private boolean isProven(Message answer) {
    return !signed || answer.isVerified();
  }

  private Silent silent(IOException e) {
    String message = e.getMessage();
    return new Silent(
        "%s: %s".formatted(this, message == null ? e.getClass().getSimpleName() : message));
  }

  private Refuses refuses(Message answer) {
    int error = answer.getTSIG() == null ? 0 : answer.getTSIG().getError();
    String what =
        Rcode.string(answer.getRcode()) + (error == 0 ? "" : "/" + Rcode.TSIGstring(error));
    return new Refuses(answer.getRcode(), what);
  }

  @Override
  public String toString() {
    return "%s:%d".formatted(at.getAddress().getHostAddress(), at.getPort());
  }
}
