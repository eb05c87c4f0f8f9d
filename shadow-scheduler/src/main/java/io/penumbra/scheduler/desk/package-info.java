/**
 * What every adapter that carries out commands does alike: takes them without blocking the control
 * loop, in order where order matters, each once, and brings back what became of them.
 */
@NullMarked
package io.penumbra.scheduler.desk;

import org.jspecify.annotations.NullMarked;
