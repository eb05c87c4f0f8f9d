@NullMarked
package io.penumbra.tiers.pack;

import org.jspecify.annotations.NullMarked;
