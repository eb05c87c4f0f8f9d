@NullMarked
package io.penumbra.scheduler.lifecycle;

import org.jspecify.annotations.NullMarked;
