package io.penumbra.app.serve;

import io.penumbra.app.ExitCode;
import io.penumbra.app.HostPort;
import io.penumbra.domain.BadInputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penumbra serve}: looks after a cloud until it is told to stop. */
@Command(
    name = "serve",
    description = {
      "",
      "The control plane: decides where VMs and their shadows go, watches hosts, fails over.",
      "Stop it whenever you like, or kill it: it goes on from its journal.",
      ""
    })
public final class ServeCommand implements Callable<Integer> {

  private static final String FOLLOWED =
      "deadlines go on as before and follow it slowly; look at this machine's time service";

  @Spec private CommandSpec spec;

  @Option(names = "--config", paramLabel = "FILE", description = "What to look after, and how.")
  private @Nullable Path config;

  @Option(names = "--reference", description = "Print every configuration key and end.")
  private boolean reference;

  @SuppressWarnings("NullAway.Init") // picocli sets the fields before it runs anything
  ServeCommand() {}

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (reference) {
      out.print(Reference.markdown());
      out.flush();
      return ExitCode.OK;
    }
    if (config == null) {
      throw new BadInputException(
          "--config", "is missing", "write one; its keys: penumbra serve --reference");
    }
    ServeConfig read = ConfigFile.read(config, ServeConfig.class);
    InetSocketAddress address =
        HostPort.parse("listen", read.listen().orElse("127.0.0.1:7400")).resolved();
    Log log = new Log(out, InstantSource.system());
    CountDownLatch stopped = new CountDownLatch(1);
    try (AlertCalls alerts = AlertCalls.of(read, log::alert);
        Server server =
            Server.start(
                read,
                address,
                read.tls().map(ServeCommand::context),
                controller -> Plugs.of(read, controller),
                alerts,
                log::failed,
                SteadyClock.ofThisMachine(
                    off -> log.say("the clock was set %s: %s", ahead(off), FOLLOWED)))) {
      Rehearsal.begin(server.controller());
      log.say("listening on %s, state in %s", server.address(), read.state());
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server, log, stopped)));
      stopped.await();
    }
    return ExitCode.OK;
  }

  private static String ahead(Duration off) {
    return "%d s %s".formatted(off.abs().toSeconds(), off.isNegative() ? "back" : "forward");
  }

  private static void stop(Server server, Log log, CountDownLatch stopped) {
    log.say("stopping; everything that was decided is in the journal");
    server.close();
    stopped.countDown();
  }

  static SSLContext context(ServeConfig.Tls tls) {
    try {
      char[] password = Secret.read("tls.password", tls.password()).toCharArray();
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store(tls.keystore(), password), password);
      TrustManager @Nullable [] trusted = null;
      if (tls.truststore().isPresent()) {
        TrustManagerFactory trust =
            TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store(tls.truststore().get(), password));
        trusted = trust.getTrustManagers();
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trusted, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new BadInputException("tls", "can't be used: " + e.getMessage(), "", e);
    }
  }

  private static KeyStore store(String file, char[] password) throws GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      store.load(in, password);
      return store;
    } catch (IOException e) {
      throw new BadInputException(
          "tls", "%s can't be read: %s".formatted(file, e.getMessage()), "", e);
    }
  }
}
