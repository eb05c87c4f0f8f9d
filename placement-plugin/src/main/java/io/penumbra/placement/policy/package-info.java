/**
 * Says how a VM is protected: field by field, its tags over its flavor over its project over the
 * default.
 */
@NullMarked
package io.penumbra.placement.policy;

import org.jspecify.annotations.NullMarked;
