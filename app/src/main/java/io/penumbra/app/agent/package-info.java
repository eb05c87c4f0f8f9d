/** {@code penumbra agent}: the agent of one host, and the controller's ports to all of them. */
@NullMarked
package io.penumbra.app.agent;

import org.jspecify.annotations.NullMarked;
