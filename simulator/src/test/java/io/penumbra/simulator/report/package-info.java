/** What a report says, and that it can be read. */
@NullMarked
package io.penumbra.simulator.report;

import org.jspecify.annotations.NullMarked;
