/** The command line under test: what it prints and with which exit code it ends. */
@NullMarked
package io.penumbra.app;

import org.jspecify.annotations.NullMarked;
