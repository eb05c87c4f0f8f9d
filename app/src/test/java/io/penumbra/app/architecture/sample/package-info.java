/** Classes that break the house rules on purpose: they prove that the rules bite. */
@NullMarked
package io.penumbra.app.architecture.sample;

import org.jspecify.annotations.NullMarked;
