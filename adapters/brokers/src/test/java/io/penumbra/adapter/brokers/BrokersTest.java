package io.penumbra.adapter.brokers;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Epochs between two ends that know nothing but a broker. */
@Timeout(420)
class BrokersTest {

  @TempDir private Path temp;

  @Test
  void epochsTravelOverKafkaAndOneOfTwoReceiversThatHearAllIsTheShadow() throws Exception {
    try (KafkaBroker broker = KafkaBroker.in(temp);
        Replication replication = new Replication(Files.createDirectory(temp.resolve("vm")))) {
      String pages = "kafka:vm1-pages?brokers=" + broker.address() + "&autoOffsetReset=earliest";
      String answers = "kafka:vm1-answers?brokers=" + broker.address();
      String first = "&groupId=first";
      BlockingQueue<Long> committed = replication.receive("first", answers, pages + first);
      replication.send(pages, answers + "&autoOffsetReset=earliest&groupId=sender");
      assertThat(replication.acked()).isOne();

      for (int i = 0; i < 3; i++) {
        long epoch = replication.settled();
        replication.assertIdentical("first", epoch);
      }
      // Another group hears every frame, from the first on. Nobody speaks to it, so it stays quiet.
      BlockingQueue<Long> other = replication.receive("second", answers, pages + "&groupId=second");
      long epoch = replication.settled();
      replication.assertIdentical("first", epoch);
      assertThat(committed).hasSizeGreaterThanOrEqualTo(4);
      assertThat(other.poll(1, TimeUnit.SECONDS)).isNull();
    }
  }

  @Test
  void epochsTravelOverQueuesOfAJmsBroker() throws Exception {
    Configuration settings =
        new ConfigurationImpl()
            .setPersistenceEnabled(false)
            .setSecurityEnabled(false)
            .setJournalDirectory(temp.resolve("journal").toString())
            .addAcceptorConfiguration("tcp", "tcp://127.0.0.1:0?protocols=CORE");
    EmbeddedActiveMQ broker = new EmbeddedActiveMQ().setConfiguration(settings);
    broker.start();
    try (Replication replication = new Replication(Files.createDirectory(temp.resolve("vm")))) {
      int port = broker.getActiveMQServer().getRemotingService().getAcceptor("tcp").getActualPort();
      String pages = "artemis:queue:pages?broker=tcp://127.0.0.1:" + port;
      String answers = "artemis:queue:answers?broker=tcp://127.0.0.1:" + port;
      replication.receive("copy", answers, pages);
      replication.send(pages, answers);
      assertThat(replication.acked()).isOne();
      for (int i = 0; i < 3; i++) {
        replication.assertIdentical("copy", replication.settled());
      }
    } finally {
      broker.stop();
    }
  }
}
