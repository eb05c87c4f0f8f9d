/**
 * What a comparison of policies found, and how it is shown: records, a terminal table and one HTML
 * page that needs nothing but itself. Nothing in here decides or measures; it is given the figures.
 */
@NullMarked
package io.penumbra.simulator.report;

import org.jspecify.annotations.NullMarked;
