/** Epochs over real brokers. */
@NullMarked
package io.penumbra.adapter.brokers;

import org.jspecify.annotations.NullMarked;
