@NullMarked
package io.penumbra.scheduler.loop;

import org.jspecify.annotations.NullMarked;
