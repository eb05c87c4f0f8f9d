package io.penumbra.app.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** The rules of the house, and proofs that a class that breaks them is caught. */
class HouseRulesTest {

  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.penumbra");

  private static final JavaClasses SAMPLES =
      new ClassFileImporter().importPackages("io.penumbra.app.architecture.sample");

  /** Who may know whom. A module that is not in a row's list does not exist for it. */
  private static final List<Room> ROOMS =
      List.of(
          new Room("domain", List.of()),
          new Room("web", List.of("domain")),
          new Room("placement", List.of("domain")),
          new Room("tiers", List.of("domain")),
          new Room("sync", List.of("domain", "tiers")),
          new Room("scheduler", List.of("domain", "placement", "sync")),
          new Room("adapter", List.of("domain", "web", "placement", "tiers", "sync", "scheduler")),
          new Room("simulator", List.of("domain", "placement", "tiers", "sync", "scheduler")));

  /** Where the same seed has to give the same run. */
  private static final String[] REPEATABLE = {
    "io.penumbra.domain..",
    "io.penumbra.placement..",
    "io.penumbra.tiers..",
    "io.penumbra.sync..",
    "io.penumbra.scheduler..",
    "io.penumbra.simulator.."
  };

  @Test
  void everyModuleKnowsOnlyWhomItMayKnow() {
    ROOMS.forEach(room -> room.rule().check(OURS));
  }

  @Test
  void theRulesSeeEveryModule() {
    // A rule over no classes holds for ever: make sure that the class path really has them all.
    for (Room room : ROOMS) {
      if (!room.name().equals("adapter")) {
        assertThat(OURS.stream().filter(resideInAPackage(room.packages())))
            .as(room.name())
            .isNotEmpty();
      }
    }
  }

  @Test
  void theDomainNeedsNothingButJava() {
    classes()
        .that()
        .resideInAPackage("io.penumbra.domain..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("java..", "org.jspecify..", "io.penumbra.domain..")
        .check(OURS);
  }

  @Test
  void coresAndSimulatorKnowNeitherCommandLineNorRoutes() {
    noClasses()
        .that()
        .resideInAnyPackage(REPEATABLE)
        .and()
        .resideOutsideOfPackage("io.penumbra.sync.route..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "picocli..", "me.tongfei..", "org.jline..", "org.apache.camel..", "com.sun.net..")
        .check(OURS);
  }

  @Test
  void nothingThatMustBeRepeatableReadsTheClockOrThrowsUnseededDice() {
    repeatable(REPEATABLE).check(OURS);
  }

  @Test
  void theRuleCatchesEveryWayToReadTheClockAndToThrowUnseededDice() {
    List<String> caught = breaches(repeatable("..sample.."));

    for (String way :
        List.of(
            "ReadsTheWallClock.<init>()> references method <java.time.Instant.now()>",
            "ReadsTheWallClock.instant()> calls method <java.time.Instant.now()>",
            "calls method <java.time.LocalDateTime.now(java.time.ZoneId)>",
            "calls method <java.lang.System.nanoTime()>",
            "calls method <java.lang.System.currentTimeMillis()>",
            "calls method <java.time.Clock.systemUTC()>",
            "calls method <java.time.InstantSource.system()>",
            "calls method <java.lang.Math.random()>",
            "calls constructor <java.util.Random.<init>()>",
            "calls constructor <java.util.SplittableRandom.<init>()>",
            "calls method <java.util.concurrent.ThreadLocalRandom.current()>",
            "calls method <java.util.random.RandomGenerator.of(java.lang.String)>",
            "calls method <java.util.UUID.randomUUID()>",
            "calls method <java.util.Collections.shuffle(java.util.List)>")) {
      assertThat(caught).as(way).anySatisfy(breach -> assertThat(breach).contains(way));
    }
    assertThat(caught).hasSize(14);
  }

  @Test
  void theRuleCatchesANameThatSaysNothing() {
    assertThat(breaches(namesThatSaySomething()))
        .singleElement()
        .asString()
        .contains("AgentManager");
  }

  @Test
  void coresAndSimulatorPrintNothing() {
    noClasses().that().resideInAnyPackage(REPEATABLE).should(ACCESS_STANDARD_STREAMS).check(OURS);
  }

  @Test
  void everyPackageIsNullMarked() {
    List<String> unmarked =
        OURS.stream()
            .map(JavaClass::getPackage)
            .filter(javaPackage -> !javaPackage.isAnnotatedWith(NullMarked.class))
            .map(JavaPackage::getName)
            .distinct()
            .sorted()
            .toList();

    assertThat(unmarked).isEmpty();
  }

  @Test
  void everyNameSaysSomething() {
    namesThatSaySomething().check(OURS);
  }

  @Test
  void theSubpackagesOfAModuleFormNoCycles() {
    slices().matching("io.penumbra.(*).(*)..").should().beFreeOfCycles().check(OURS);
    slices()
        .matching("io.penumbra.adapter.(*).(*)..")
        .should()
        .beFreeOfCycles()
        .allowEmptyShould(true)
        .check(OURS);
  }

  @Test
  void noAdapterKnowsAnother() {
    slices().matching("io.penumbra.adapter.(*)..").should().notDependOnEachOther().check(OURS);
  }

  private static ArchRule repeatable(String... packages) {
    return classes().that().resideInAnyPackage(packages).should(new Impurity());
  }

  private static ArchRule namesThatSaySomething() {
    return noClasses()
        .should()
        .haveSimpleNameEndingWith("Manager")
        .orShould()
        .haveNameMatching(".*(Utils?|Impl|Helper)")
        .orShould()
        .haveNameMatching(".*[.$](Base|Abstract)[A-Z].*");
  }

  private static List<String> breaches(ArchRule rule) {
    return rule.evaluate(SAMPLES).getFailureReport().getDetails();
  }

  /**
   * One module, by the package it owns.
   *
   * @param mayKnow other modules; itself is understood
   */
  private record Room(String name, List<String> mayKnow) {

    String packages() {
      return "io.penumbra." + name + "..";
    }

    ArchRule rule() {
      String[] known =
          Stream.concat(Stream.of(name), mayKnow.stream())
              .map(other -> "io.penumbra." + other + "..")
              .toArray(String[]::new);
      return noClasses()
          .that()
          .resideInAPackage(packages())
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.penumbra..").and(not(resideInAnyPackage(known))))
          .allowEmptyShould(true);
    }
  }
}
