/** What fencing asks of node agents, whoever speaks with them. */
@NullMarked
package io.penumbra.adapter.fencing.agent;

import org.jspecify.annotations.NullMarked;
