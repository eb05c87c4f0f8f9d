@NullMarked
package io.penumbra.sync.heat;

import org.jspecify.annotations.NullMarked;
