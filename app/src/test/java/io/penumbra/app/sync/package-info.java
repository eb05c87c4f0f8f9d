/** {@code penumbra sync} under test, as processes of their own. */
@NullMarked
package io.penumbra.app.sync;

import org.jspecify.annotations.NullMarked;
