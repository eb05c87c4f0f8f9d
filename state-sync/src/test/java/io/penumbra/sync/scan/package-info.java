/** Scanning and cuts under test. */
@NullMarked
package io.penumbra.sync.scan;

import org.jspecify.annotations.NullMarked;
