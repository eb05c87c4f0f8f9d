/** The controller in real time, in front of a cloud that answers at once. */
@NullMarked
package io.penumbra.scheduler.service;

import org.jspecify.annotations.NullMarked;
