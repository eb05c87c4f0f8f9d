/** {@code penumbra gateway}: a request gateway in a process of its own. */
@NullMarked
package io.penumbra.app.gateway;

import org.jspecify.annotations.NullMarked;
