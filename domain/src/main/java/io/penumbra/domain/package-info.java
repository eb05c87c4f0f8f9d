/**
 * The vocabulary that every room shares: identities, amounts, hardware and virtual machines. Values
 * only: nothing here reads a clock, draws a random number or does I/O.
 */
@NullMarked
package io.penumbra.domain;

import org.jspecify.annotations.NullMarked;
