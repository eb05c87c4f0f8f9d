/** Which pages are in use: what is touched often is shipped first and kept on the fastest tier. */
@NullMarked
package io.penumbra.sync.heat;

import org.jspecify.annotations.NullMarked;
