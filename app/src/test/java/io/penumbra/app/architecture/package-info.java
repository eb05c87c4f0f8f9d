/** The house rules, checked on the compiled classes of every module. */
@NullMarked
package io.penumbra.app.architecture;

import org.jspecify.annotations.NullMarked;
