/**
 * An OpenStack cloud behind the control loop's ports: books that are kept current by notifications
 * and by looking again, shadows as servers of their own, fencing that needs a proof.
 */
@NullMarked
package io.penumbra.adapter.openstack;

import org.jspecify.annotations.NullMarked;
