@NullMarked
package io.penumbra.sync.encode;

import org.jspecify.annotations.NullMarked;
