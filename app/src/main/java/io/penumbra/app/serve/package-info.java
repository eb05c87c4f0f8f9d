/** {@code penumbra serve}: the control plane as a process, its configuration and its API. */
@NullMarked
package io.penumbra.app.serve;

import org.jspecify.annotations.NullMarked;
