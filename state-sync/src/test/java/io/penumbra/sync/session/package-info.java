/** Sessions under test. */
@NullMarked
package io.penumbra.sync.session;

import org.jspecify.annotations.NullMarked;
