/** {@code penumbra agent}: one process on every host that runs guests. */
@NullMarked
package io.penumbra.app.agent;

import org.jspecify.annotations.NullMarked;
