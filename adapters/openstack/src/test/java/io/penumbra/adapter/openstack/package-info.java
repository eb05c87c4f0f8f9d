/** The OpenStack adapter against a stand-in that misbehaves, and against real services. */
@NullMarked
package io.penumbra.adapter.openstack;

import org.jspecify.annotations.NullMarked;
