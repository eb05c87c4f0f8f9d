/** The lowest tier: objects under keys, in any S3 or in a directory, with conditional writes. */
@NullMarked
package io.penumbra.tiers.object;

import org.jspecify.annotations.NullMarked;
