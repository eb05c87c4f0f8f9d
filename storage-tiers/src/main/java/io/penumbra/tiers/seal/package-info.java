/**
 * What happens to a chunk between memory and a place that keeps it: it is named, compressed once,
 * encrypted when there is a key, and on the way back checked against its name.
 */
@NullMarked
package io.penumbra.tiers.seal;

import org.jspecify.annotations.NullMarked;
