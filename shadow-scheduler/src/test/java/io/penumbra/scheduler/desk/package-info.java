/** A desk between a hurried loop and a slow world. */
@NullMarked
package io.penumbra.scheduler.desk;

import org.jspecify.annotations.NullMarked;
