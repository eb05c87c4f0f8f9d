package io.penumbra.sync.path.link;

import io.penumbra.sync.path.wire.PathFrame;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.Condition;

/** One path's place in a link: the connection that holds it now, and what it still has to say. */
final class Seat {

  /** Far beyond what a peer that keeps to the windows can have outstanding. */
  private static final int ANSWERS_MAX = 1 << 16;

  private final int number;

  /** The writer waits here for something to write. */
  private final Condition work;

  private final Deque<PathFrame> answers = new ArrayDeque<>();
  private Optional<Connection> connection = Optional.empty();
  private String story = "not connected yet";
  private Optional<Thread> reader = Optional.empty();
  private boolean writing;
  private boolean statusDue;
  private boolean probeDue;
  private long probedAt;

  Seat(int number, Condition work) {
    this.number = number;
    this.work = work;
  }

  int number() {
    return number;
  }

  Condition work() {
    return work;
  }

  void taken(Connection by, long now) {
    connection = Optional.of(by);
    story = by.toString();
    answers.clear();
    writing = false;
    // What was said over the connection before may not have got there.
    statusDue = true;
    probeDue = true;
    probedAt = now;
  }

  void vacated(String why) {
    connection = Optional.empty();
    story = why;
    answers.clear();
  }

  boolean heldBy(Connection one) {
    return connection.filter(one::equals).isPresent();
  }

  Optional<Connection> connection() {
    return connection;
  }

  String story() {
    return story;
  }

  /** The thread that reads from the connection from now on. */
  void reader(Thread thread) {
    reader = Optional.of(thread);
  }

  /** Whoever reads now is to stop when it next can. */
  void relieveReader() {
    reader = Optional.empty();
  }

  boolean readBy(Thread thread) {
    return reader.filter(thread::equals).isPresent();
  }

  /** Whether some thread writes to the connection. */
  boolean writing() {
    return writing;
  }

  void writing(boolean some) {
    writing = some;
  }

  void failed(String why) {
    if (connection.isEmpty()) {
      story = why;
    }
  }

  /** Queues an answer; false when the other end asks without ever listening. */
  boolean answer(PathFrame frame) {
    answers.addLast(frame);
    return answers.size() <= ANSWERS_MAX;
  }

  boolean owesAnswer() {
    return statusDue || !answers.isEmpty();
  }

  Optional<PathFrame> nextAnswer() {
    return Optional.ofNullable(answers.pollFirst());
  }

  void oweStatus() {
    statusDue = true;
  }

  boolean takeStatusDue() {
    boolean due = statusDue;
    statusDue = false;
    return due;
  }

  /** Owes a probe when the last one is so long ago. */
  void oweProbe(long now, long heartbeat) {
    probeDue |= now - probedAt >= heartbeat;
  }

  boolean owesProbe() {
    return probeDue;
  }

  boolean takeProbeDue(long now) {
    boolean due = probeDue;
    if (due) {
      probedAt = now;
    }
    probeDue = false;
    return due;
  }
}
