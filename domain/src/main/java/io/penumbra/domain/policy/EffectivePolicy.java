package io.penumbra.domain.policy;

/**
 * The policy that holds for one VM.
 *
 * @param source which rule gave it, for a reader: {@code tag penumbra:mode=warm over flavor
 *     m1.large}
 */
public record EffectivePolicy(ProtectionPolicy policy, String source) {}
