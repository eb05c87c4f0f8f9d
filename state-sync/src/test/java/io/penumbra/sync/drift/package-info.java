@NullMarked
package io.penumbra.sync.drift;

import org.jspecify.annotations.NullMarked;
