/** Tests of {@code penumbra gateway}. */
@NullMarked
package io.penumbra.app.gateway;

import org.jspecify.annotations.NullMarked;
