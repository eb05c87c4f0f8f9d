/** HAProxy, told, reloaded, paused and imitated. */
@NullMarked
package io.penumbra.adapter.traffic.haproxy;

import org.jspecify.annotations.NullMarked;
