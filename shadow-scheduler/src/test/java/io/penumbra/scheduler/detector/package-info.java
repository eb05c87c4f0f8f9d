@NullMarked
package io.penumbra.scheduler.detector;

import org.jspecify.annotations.NullMarked;
