/** The composition root: command line and distribution. */
@NullMarked
package io.penumbra.app;

import org.jspecify.annotations.NullMarked;
