/** Tests of workload. */
@NullMarked
package io.penumbra.simulator.workload;

import org.jspecify.annotations.NullMarked;
