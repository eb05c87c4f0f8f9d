/**
 * Runs the control loop and the failure detector in a process that is meant to stay up: one thread
 * owns both, everybody else rings.
 */
@NullMarked
package io.penumbra.scheduler.service;

import org.jspecify.annotations.NullMarked;
