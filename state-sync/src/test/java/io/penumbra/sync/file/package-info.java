/** Files under test. */
@NullMarked
package io.penumbra.sync.file;

import org.jspecify.annotations.NullMarked;
