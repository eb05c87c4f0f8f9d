/** The control plane over its API. */
@NullMarked
package io.penumbra.app.serve;

import org.jspecify.annotations.NullMarked;
