/**
 * {@code penumbra lab}: real guests on two hosts of one machine, killed again and again while a
 * client writes.
 */
@NullMarked
package io.penumbra.app.lab;

import org.jspecify.annotations.NullMarked;
