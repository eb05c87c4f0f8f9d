@NullMarked
package io.penumbra.sync.predict;

import org.jspecify.annotations.NullMarked;
