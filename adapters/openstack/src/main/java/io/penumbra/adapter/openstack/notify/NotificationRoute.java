package io.penumbra.adapter.openstack.notify;

import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.springrabbit.SpringRabbitMQComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.springframework.amqp.AmqpException;
import org.springframework.amqp.AmqpIOException;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.Connection;
import org.springframework.amqp.rabbit.connection.ConnectionListener;

/**
 * A Camel route from Nova's exchange to whoever looks after the cloud. Nova's own queue is left to
 * its other readers; ours is bound beside it. When the broker is away, or comes back empty, the
 * queue is made and bound again, and everything that was missed is asked for at the API.
 */
public final class NotificationRoute implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(NotificationRoute.class.getName());
  private static final int WAITING_MAX = 20_000;

  private final NotificationSettings settings;
  private final Consumer<Notification> listener;
  private final Consumer<Boolean> broker;
  private final CachingConnectionFactory connections;
  private final CamelContext camel = new DefaultCamelContext();

  /**
   * A route that is started.
   *
   * @param listener is given every notification; it must not wait
   * @param broker is told when the broker has come, and when it has gone: notifications may have
   *     been lost either way
   */
  public NotificationRoute(
      NotificationSettings settings, Consumer<Notification> listener, Consumer<Boolean> broker) {
    this.settings = settings;
    this.listener = listener;
    this.broker = broker;
    connections = connect(settings.broker());
    connections.addConnectionListener(new Binding());
    start();
  }

  private static CachingConnectionFactory connect(URI broker) {
    CachingConnectionFactory factory =
        new CachingConnectionFactory(
            broker.getHost(), broker.getPort() < 0 ? 5672 : broker.getPort());
    String[] login = Optional.ofNullable(broker.getUserInfo()).orElse("guest:guest").split(":", 2);
    factory.setUsername(login[0]);
    factory.setPassword(login.length > 1 ? login[1] : "");
    String path = Optional.ofNullable(broker.getPath()).orElse("");
    factory.setVirtualHost(path.length() > 1 ? path.substring(1) : "/");
    factory.setConnectionTimeout(5_000);
    factory.setRequestedHeartBeat(15);
    return factory;
  }

  private void start() {
    SpringRabbitMQComponent component = new SpringRabbitMQComponent();
    component.setConnectionFactory(connections);
    component.setAutoStartup(true);
    component.setTestConnectionOnStartup(false);
    camel.addComponent("spring-rabbitmq", component);
    camel.disableJMX();
    try {
      camel.addRoutes(
          new RouteBuilder() {
            @Override
            public void configure() {
              from("spring-rabbitmq:%s?queues=%s&autoDeclare=false&exchangePattern=InOnly&prefetchCount=100"
                      .formatted(settings.exchange(), settings.queue()))
                  .routeId("nova-notifications")
                  .process(exchange -> {
                    byte[] body = exchange.getMessage().getBody(byte[].class);
                    Notification.read(body == null ? new byte[0] : body).ifPresent(listener);
                  });
            }
          });
      camel.start();
    } catch (Exception e) {
      throw new IllegalStateException("the notifications' route does not start", e);
    }
  }

  /** Makes our queue whenever there is a new connection. */
  private final class Binding implements ConnectionListener {

    @Override
    public void onCreate(Connection connection) {
      try (Channel channel = connection.createChannel(false)) {
        channel.queueDeclare(
            settings.queue(),
            true,
            false,
            false,
            Map.of(
                "x-expires",
                settings.keepFor().toMillis(),
                "x-max-length",
                WAITING_MAX,
                "x-overflow",
                "drop-head"));
        channel.queueBind(settings.queue(), settings.exchange(), settings.topic() + ".*");
        LOG.log(Level.INFO, "listening to notifications: {0}", settings);
      } catch (IOException e) {
        throw new AmqpIOException("the queue can't be bound: is there an exchange?", e);
      } catch (java.util.concurrent.TimeoutException e) {
        throw new AmqpException("the broker does not answer", e);
      } finally {
        broker.accept(true);
      }
    }

    @Override
    public void onClose(Connection connection) {
      LOG.log(Level.WARNING, "the broker is away: {0}", settings);
      broker.accept(false);
    }
  }

  @Override
  public void close() {
    camel.stop();
    connections.destroy();
  }
}
