/** The lab's parts, each against the real thing. */
@NullMarked
package io.penumbra.app.lab;

import org.jspecify.annotations.NullMarked;
