@NullMarked
package io.penumbra.tiers.cache;

import org.jspecify.annotations.NullMarked;
