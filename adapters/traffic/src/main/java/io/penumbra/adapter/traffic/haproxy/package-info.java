/**
 * HAProxy through its runtime API (HAProxy Management Guide, "Unix Socket commands"): where servers
 * stand and whether they are used, set and read back.
 */
@NullMarked
package io.penumbra.adapter.traffic.haproxy;

import org.jspecify.annotations.NullMarked;
