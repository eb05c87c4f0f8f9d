package io.penumbra.sync.route;

import io.micrometer.core.instrument.MeterRegistry;
import io.penumbra.sync.net.FrameLink;
import io.penumbra.sync.path.link.LinkClosedException;
import io.penumbra.sync.route.RouteSettings.WhenFull;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelExecutionException;
import org.apache.camel.Exchange;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.micrometer.MicrometerConstants;
import org.apache.camel.component.micrometer.routepolicy.MicrometerRoutePolicyFactory;
import org.apache.camel.impl.DefaultCamelContext;

/**
 * A frame link made of two Camel routes, {@value #OUT} and {@value #IN}.
 *
 * <p>Sending waits for the endpoint, and the receiver's route for the reader, so a slow receiver
 * slows the sender down. A frame that can't be sent is tried again, then becomes a {@link
 * DeadLetter}. The sessions above put up with lost, repeated and overtaken frames, so any carrier
 * will do.
 */
public final class RouteLink implements FrameLink {

  static final String OUT = "frames-out";
  static final String IN = "frames-in";

  /** So long may a frame that is under way take when the link is closed. */
  private static final int SHUTDOWN_SECONDS = 2;

  /** A consumer of Kafka asks for five seconds before it looks up. */
  private static final int BROKER_SHUTDOWN_SECONDS = 10;

  private static final String ENTRY = "direct:" + OUT;
  private static final String GIVEN_UP = "direct:given-up";

  private final RouteSettings settings;
  private final DeadLetters deadLetters = new DeadLetters();
  private final BlockingQueue<Arrival> arrivals;
  private final CamelContext camel;
  private final ProducerTemplate template;
  private volatile boolean closed;
  private volatile Optional<LinkClosedException> broken = Optional.empty();

  /**
   * Starts the routes.
   *
   * @param links what {@code paths:NAME} stands for
   * @param meters gets the count and duration of exchanges per route
   * @throws IOException if an endpoint can't be made or started; says which and why
   */
  public static RouteLink open(
      RouteSettings settings, Map<String, LinkOpener> links, MeterRegistry meters)
      throws IOException {
    DefaultCamelContext camel = new DefaultCamelContext(false);
    camel.disableJMX();
    camel
        .getShutdownStrategy()
        .setTimeout(links.isEmpty() ? BROKER_SHUTDOWN_SECONDS : SHUTDOWN_SECONDS);
    camel.getShutdownStrategy().setSuppressLoggingOnTimeout(true);
    camel.getRegistry().bind(MicrometerConstants.METRICS_REGISTRY_NAME, meters);
    camel.addRoutePolicyFactory(new MicrometerRoutePolicyFactory());
    RouteLink link = new RouteLink(settings, camel);
    try {
      camel.addComponent(PathsComponent.SCHEME, new PathsComponent(links));
      camel.addRoutes(link.routes());
      camel.start();
      link.template.setDefaultEndpointUri(ENTRY);
      link.template.start();
      return link;
    } catch (Exception e) {
      camel.stop();
      throw new IOException(
          "can't start the routes %s and %s: %s"
              .formatted(settings.out(), settings.in(), rootMessage(e)),
          e);
    }
  }

  /** The sender's end over paths, see {@link PathsLink#dial}. */
  public static RouteLink sender(LinkOpener paths, MeterRegistry meters) throws IOException {
    return open(
        RouteSettings.sender(PathsLink.ENDPOINT, PathsLink.ENDPOINT),
        Map.of(PathsLink.NAME, paths),
        meters);
  }

  /** The receiver's end over paths, see {@link PathsLink#listen}. */
  public static RouteLink receiver(LinkOpener paths, MeterRegistry meters) throws IOException {
    return open(
        RouteSettings.receiver(PathsLink.ENDPOINT, PathsLink.ENDPOINT),
        Map.of(PathsLink.NAME, paths),
        meters);
  }

  private RouteLink(RouteSettings settings, CamelContext camel) {
    this.settings = settings;
    this.camel = camel;
    this.arrivals = new ArrayBlockingQueue<>(settings.arrivalsMax());
    this.template = camel.createProducerTemplate();
  }

  private RouteBuilder routes() {
    return new RouteBuilder() {
      @Override
      public void configure() {
        from(ENTRY)
            .routeId(OUT)
            .errorHandler(
                deadLetterChannel(GIVEN_UP)
                    .maximumRedeliveries(settings.retriesMax())
                    .redeliveryDelay(settings.retryPause().toMillis())
                    .useExponentialBackOff()
                    .backOffMultiplier(2)
                    .logExhausted(false)
                    .logStackTrace(false))
            // Trying again changes nothing about these.
            .onException(LinkClosedException.class, InterruptedException.class)
            .maximumRedeliveries(0)
            .handled(true)
            .to(GIVEN_UP)
            .end()
            .to(bytesOnly(settings.out()));
        from(GIVEN_UP).routeId("given-up").process(RouteLink.this::giveUp);
        from(bytesOnly(settings.in())).routeId(IN).process(RouteLink.this::arrived);
      }
    };
  }

  private void giveUp(Exchange exchange) {
    Throwable cause = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
    switch (cause) {
      case LinkClosedException ended -> broken = Optional.of(ended);
      case InterruptedException _ -> Thread.currentThread().interrupt();
      case null, default -> {
        // The session notices the loss, and says it again.
      }
    }
    byte[] frame = exchange.getMessage().getBody(byte[].class);
    String reason = cause == null ? "no reason was given" : rootMessage(cause);
    deadLetters.add(new DeadLetter(OUT, frame == null ? 0 : frame.length, reason));
  }

  private void arrived(Exchange exchange) throws InterruptedException {
    if (exchange.getMessage().getHeader(PathsEndpoint.PEER_STARTED) != null) {
      // Whatever waits here is from the peer before.
      arrivals.clear();
      enqueue(new Arrival.PeerStarted());
      return;
    }
    byte[] frame = exchange.getMessage().getBody(byte[].class);
    if (frame != null) {
      enqueue(new Arrival.Frame(frame));
    }
  }

  /** Waits for room if it is to; a link that is being closed waits for nobody. */
  private void enqueue(Arrival arrival) throws InterruptedException {
    boolean taken = arrivals.offer(arrival);
    while (!taken && !closed && settings.whenFull() == WhenFull.WAIT) {
      taken = arrivals.offer(arrival, 50, TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void send(byte[] frame) throws IOException, InterruptedException {
    try {
      template.sendBody(frame);
    } catch (CamelExecutionException e) {
      throw new IOException("a frame was not sent: " + rootMessage(e), e);
    }
    if (Thread.interrupted()) {
      throw new InterruptedException("interrupted while a frame was on its way");
    }
    if (broken.isPresent()) {
      throw new IOException("no frame can be sent any more", broken.get());
    }
  }

  @Override
  public Optional<Arrival> receive(Duration most) throws InterruptedException {
    return Optional.ofNullable(arrivals.poll(most.toNanos(), TimeUnit.NANOSECONDS));
  }

  /** What could not be sent. */
  public DeadLetters deadLetters() {
    return deadLetters;
  }

  @Override
  public void close() {
    closed = true;
    template.stop();
    camel.stop();
  }

  /** Kafka's component turns everything into text unless it is told not to. */
  private static String bytesOnly(String endpoint) {
    if (!endpoint.startsWith("kafka:") || endpoint.contains("erializer=")) {
      return endpoint;
    }
    return endpoint
        + (endpoint.contains("?") ? "&" : "?")
        + "valueSerializer=org.apache.kafka.common.serialization.ByteArraySerializer"
        + "&valueDeserializer=org.apache.kafka.common.serialization.ByteArrayDeserializer";
  }

  private static String rootMessage(Throwable thrown) {
    Throwable root = thrown;
    // Bounded, for a chain of causes may be a ring.
    for (int depth = 0; depth < 20 && root.getCause() != null; depth++) {
      root = root.getCause();
    }
    return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
  }
}
