package io.penumbra.app.architecture;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/**
 * What makes a run unrepeatable: asking the machine for the time, and drawing numbers without a
 * seed. Time is an {@code InstantSource} and chance a seeded {@code RandomGenerator}, both given.
 */
final class Impurity extends ArchCondition<JavaClass> {

  private static final Set<String> BANNED_METHODS =
      Set.of(
          "java.lang.System.nanoTime",
          "java.lang.System.currentTimeMillis",
          "java.lang.Math.random",
          "java.lang.StrictMath.random",
          "java.time.InstantSource.system",
          "java.util.UUID.randomUUID",
          "java.util.concurrent.ThreadLocalRandom.current",
          "java.util.random.RandomGenerator.getDefault",
          "java.util.random.RandomGenerator.of");

  /** Fine with a seed; without one they take theirs from the clock. */
  private static final Set<String> NEED_A_SEED =
      Set.of("java.util.Random", "java.util.SplittableRandom", "java.security.SecureRandom");

  Impurity() {
    super("not read the machine's clock or draw unseeded random numbers");
  }

  @Override
  public void check(JavaClass inspected, ConditionEvents events) {
    for (JavaAccess<?> access : inspected.getAccessesFromSelf()) {
      if (access.getTarget() instanceof CodeUnitAccessTarget target && isBanned(target)) {
        events.add(SimpleConditionEvent.violated(inspected, access.getDescription()));
      }
    }
  }

  private static boolean isBanned(CodeUnitAccessTarget target) {
    String owner = target.getOwner().getName();
    String name = target.getName();
    List<JavaClass> parameters = target.getRawParameterTypes();
    if (owner.startsWith("java.time.") && name.equals("now")) {
      return parameters.stream().noneMatch(type -> type.isAssignableTo(Clock.class));
    }
    if (owner.equals("java.time.Clock")) {
      return name.startsWith("system") || name.startsWith("tick");
    }
    if (NEED_A_SEED.contains(owner) && name.equals("<init>")) {
      return parameters.isEmpty();
    }
    if (owner.equals("java.util.Collections") && name.equals("shuffle")) {
      return parameters.size() == 1;
    }
    return BANNED_METHODS.contains(owner + "." + name);
  }
}
