/** BIND and Knot, told and raced. */
@NullMarked
package io.penumbra.adapter.traffic.dns;

import org.jspecify.annotations.NullMarked;
