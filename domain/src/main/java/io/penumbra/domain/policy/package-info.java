/** How a virtual machine wants to be protected, and which rule said so. */
@NullMarked
package io.penumbra.domain.policy;

import org.jspecify.annotations.NullMarked;
