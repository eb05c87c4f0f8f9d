/** The few things that are asked of a local file system, so that tests can cut its power. */
@NullMarked
package io.penumbra.tiers.disk;

import org.jspecify.annotations.NullMarked;
