/**
 * What an epoch is: regions of pages, a hash for each page rolled into one root, a manifest that
 * says what was cut and when, and the ports through which state comes in and goes out. Pages of all
 * regions are numbered through, so that the rest of the engine sees one row of pages.
 */
@NullMarked
package io.penumbra.sync.epoch;

import org.jspecify.annotations.NullMarked;
