/** Both ends with their files under test. */
@NullMarked
package io.penumbra.sync.engine;

import org.jspecify.annotations.NullMarked;
