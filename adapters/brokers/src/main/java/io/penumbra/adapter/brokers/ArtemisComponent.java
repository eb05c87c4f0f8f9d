package io.penumbra.adapter.brokers;

import java.util.Map;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;
import org.apache.camel.Endpoint;
import org.apache.camel.component.sjms.SjmsEndpoint;
import org.apache.camel.component.sjms2.Sjms2Component;

/**
 * Queues and topics of an ActiveMQ Artemis broker that the endpoint names: {@code
 * artemis:queue:vm1-pages?broker=tcp://10.0.0.5:61616}. All else is as in Camel's {@code sjms2}.
 */
public final class ArtemisComponent extends Sjms2Component {

  private static final String BROKER = "broker";

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters)
      throws Exception {
    String broker = getAndRemoveParameter(parameters, BROKER, String.class);
    if (broker == null) {
      throw new IllegalArgumentException(
          "%s names no broker; expected ...?broker=tcp://host:port".formatted(uri));
    }
    Endpoint endpoint = super.createEndpoint(uri, remaining, parameters);
    if (endpoint instanceof SjmsEndpoint jms) {
      jms.setConnectionFactory(new ActiveMQConnectionFactory(broker));
    }
    return endpoint;
  }
}
