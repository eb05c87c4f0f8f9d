@NullMarked
package io.penumbra.sync.readiness;

import org.jspecify.annotations.NullMarked;
