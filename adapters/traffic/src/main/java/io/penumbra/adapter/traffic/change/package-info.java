/** What became of one change at one load balancer or name server. */
@NullMarked
package io.penumbra.adapter.traffic.change;

import org.jspecify.annotations.NullMarked;
