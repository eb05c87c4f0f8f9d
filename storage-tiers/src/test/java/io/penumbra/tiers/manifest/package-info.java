@NullMarked
package io.penumbra.tiers.manifest;

import org.jspecify.annotations.NullMarked;
