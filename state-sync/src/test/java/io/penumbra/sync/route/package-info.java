@NullMarked
package io.penumbra.sync.route;

import org.jspecify.annotations.NullMarked;
