/** What a person sees and gets from the commands. */
@NullMarked
package io.penumbra.app.simulate;

import org.jspecify.annotations.NullMarked;
