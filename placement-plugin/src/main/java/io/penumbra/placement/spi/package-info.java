/** What someone writes who wants a filter or a weigher of their own. */
@NullMarked
package io.penumbra.placement.spi;

import org.jspecify.annotations.NullMarked;
