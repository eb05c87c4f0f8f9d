@NullMarked
package io.penumbra.domain;

import org.jspecify.annotations.NullMarked;
