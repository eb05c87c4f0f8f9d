package io.penumbra.placement;

import io.penumbra.domain.HostId;
import io.penumbra.domain.RequestId;
import io.penumbra.domain.VmId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What placement answered, and why. Together with the fleet at {@code generation} it can be made
 * again.
 *
 * @param generation of the fleet it was decided on
 * @param riskNote empty when risk was taken into account, else why it was not
 */
public record PlacementDecision(
    RequestId request,
    VmId vm,
    Instant at,
    long generation,
    long seed,
    String policySource,
    Optional<String> riskNote,
    Answer answer) {

  /** Where to put the VM, or why nowhere. */
  public sealed interface Answer {}

  /**
   * A pair that holds.
   *
   * @param primary the host for the VM itself
   * @param shadows the hosts for its shadows, best first; fewer than asked for only with a reason
   *     in {@code shortOfShadows}
   * @param score of the pair
   * @param runnerUp the next best pair, when there is one
   * @param bound where the search was broken off; empty when it went on until nothing that was left
   *     could do better than the runner-up
   */
  public record Placed(
      Candidate primary,
      List<Candidate> shadows,
      double score,
      Optional<RunnerUp> runnerUp,
      Optional<String> shortOfShadows,
      Optional<SearchBound> bound)
      implements Answer {
    public Placed {
      shadows = List.copyOf(shadows);
    }

    /** Whether no pair of the whole fleet, looked at or not, is better than this one. */
    public boolean best() {
      return bound.isEmpty() || (shortOfShadows.isEmpty() && bound.get().couldScore() <= score);
    }

    public List<HostId> shadowHosts() {
      return shadows.stream().map(Candidate::host).toList();
    }
  }

  /**
   * A search that was broken off after {@code pairCandidatesMax} primaries, with the proof still
   * open that no other pair can do better.
   *
   * @param primaries how many were tried
   * @param couldScore no pair that was not looked at can score more than this
   */
  public record SearchBound(int primaries, double couldScore) {}

  /**
   * No host passed. Not an error: an impossible request is an answer with reasons.
   *
   * @param reasons one line per filter, the one that refused most first
   */
  public record Refused(List<RefusalCount> reasons) implements Answer {
    public Refused {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * How many hosts one filter refused.
   *
   * @param asked what was asked, with its unit
   * @param best the best that any refused host could offer, with its unit
   */
  public record RefusalCount(String filter, int hosts, String asked, String best) {}

  /** One chosen host with the score of every weigher. */
  public record Candidate(HostId host, List<WeigherScore> scores) {
    public Candidate {
      scores = List.copyOf(scores);
    }
  }

  /**
   * What one weigher said of one host.
   *
   * @param raw in the weigher's own unit
   * @param normalised raw mapped to 0..1 by the weigher's stated scale
   * @param contribution normalised times multiplier: what was added to the sum
   */
  public record WeigherScore(
      String weigher, double raw, double normalised, double multiplier, double contribution) {}

  /**
   * The next best pair.
   *
   * @param margin how far its score stayed behind the winner's, 0 or more
   */
  public record RunnerUp(Candidate primary, List<Candidate> shadows, double score, double margin) {
    public RunnerUp {
      shadows = List.copyOf(shadows);
    }
  }
}
