package io.penumbra.sync.route;

import io.penumbra.sync.path.link.LinkClosedException;
import io.penumbra.sync.path.link.MessageHandler;
import io.penumbra.sync.path.link.MultiPathLink;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.camel.Component;
import org.apache.camel.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.DefaultProducer;

/** One link as a Camel endpoint: one route writes to it, one reads from it. */
final class PathsEndpoint extends DefaultEndpoint {

  /** Header of an exchange without a frame: the other end has started, as this incarnation. */
  static final String PEER_STARTED = "penumbra.peerStarted";

  private final LinkOpener opener;
  private volatile Optional<MultiPathLink> link = Optional.empty();

  PathsEndpoint(String uri, Component component, LinkOpener opener) {
    super(uri, component);
    this.opener = opener;
  }

  @Override
  public Producer createProducer() {
    return new DefaultProducer(this) {
      @Override
      public void process(Exchange exchange) throws Exception {
        byte[] frame = exchange.getMessage().getMandatoryBody(byte[].class);
        link.orElseThrow(LinkClosedException::new).send(ByteBuffer.wrap(frame));
      }
    };
  }

  @Override
  public Consumer createConsumer(Processor processor) {
    return new Reader(processor);
  }

  /** Opens the link when its route starts, and closes it when that stops. */
  private final class Reader extends DefaultConsumer implements MessageHandler {

    Reader(Processor processor) {
      super(PathsEndpoint.this, processor);
    }

    @Override
    protected void doStart() throws Exception {
      super.doStart();
      link = Optional.of(opener.open(this));
    }

    @Override
    protected void doStop() throws Exception {
      link.ifPresent(MultiPathLink::close);
      link = Optional.empty();
      super.doStop();
    }

    @Override
    public void message(ByteBuffer message) {
      pass(bytes(message), Optional.empty());
    }

    @Override
    public void peerStarted(long incarnation) {
      pass(new byte[0], Optional.of(incarnation));
    }

    /** The array itself where it is nothing but the message, which is ours to keep. */
    private static byte[] bytes(ByteBuffer message) {
      if (message.hasArray()
          && message.arrayOffset() == 0
          && message.remaining() == message.array().length) {
        return message.array();
      }
      byte[] copy = new byte[message.remaining()];
      message.get(copy);
      return copy;
    }

    private void pass(byte[] frame, Optional<Long> started) {
      Exchange exchange = createExchange(true);
      exchange.getMessage().setBody(frame);
      started.ifPresent(number -> exchange.getMessage().setHeader(PEER_STARTED, number));
      try {
        getProcessor().process(exchange);
      } catch (Exception e) {
        exchange.setException(e);
      }
      if (exchange.getException() != null) {
        getExceptionHandler().handleException("a frame was not taken", exchange.getException());
      }
    }
  }
}
