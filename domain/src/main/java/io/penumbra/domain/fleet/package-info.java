/**
 * What a cloud consists of and how it changes: hosts, where they stand, what they are made of, what
 * is promised on them.
 */
@NullMarked
package io.penumbra.domain.fleet;

import org.jspecify.annotations.NullMarked;
