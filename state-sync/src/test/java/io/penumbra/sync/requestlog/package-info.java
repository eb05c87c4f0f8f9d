@NullMarked
package io.penumbra.sync.requestlog;

import org.jspecify.annotations.NullMarked;
