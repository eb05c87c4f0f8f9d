package io.penumbra.sync.frame;

/** The numbers by which messages go over the wire. */
final class MessageType {

  static final byte HELLO = 1;
  static final byte WELCOME = 2;
  static final byte REFUSAL = 3;
  static final byte PLAN = 4;
  static final byte WANT = 5;
  static final byte NEED_PLAN = 6;
  static final byte PAGES = 7;
  static final byte COMMIT = 8;
  static final byte ACK = 9;

  private MessageType() {}

  static byte of(Message message) {
    return switch (message) {
      case Message.Hello _ -> HELLO;
      case Message.Welcome _ -> WELCOME;
      case Message.Refusal _ -> REFUSAL;
      case Message.Plan _ -> PLAN;
      case Message.Want _ -> WANT;
      case Message.NeedPlan _ -> NEED_PLAN;
      case Message.Pages _ -> PAGES;
      case Message.Commit _ -> COMMIT;
      case Message.Ack _ -> ACK;
    };
  }
}
