/** Both ends of an API, over loopback. */
@NullMarked
package io.penumbra.web;

import org.jspecify.annotations.NullMarked;
