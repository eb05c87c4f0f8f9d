/**
 * What both ends expect a page to become. The same deterministic model runs beside the primary and
 * beside the shadow, learns from the same accepted pages, and gives each bit of a changed page a
 * probability; what is sent is what the model did not expect. Nothing here knows of blocks, frames
 * or time.
 */
@NullMarked
package io.penumbra.sync.predict;

import org.jspecify.annotations.NullMarked;
