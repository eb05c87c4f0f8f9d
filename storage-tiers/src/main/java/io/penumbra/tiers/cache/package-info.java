/** Memory and SSD in front of the object tier: what they lose costs time and never data. */
@NullMarked
package io.penumbra.tiers.cache;

import org.jspecify.annotations.NullMarked;
