/**
 * The gateway's control over a socket, for an agent in another process: one JSON object a line, one
 * answer each. Over TCP the first line must bring the token.
 */
@NullMarked
package io.penumbra.adapter.traffic.gateway.control;

import org.jspecify.annotations.NullMarked;
