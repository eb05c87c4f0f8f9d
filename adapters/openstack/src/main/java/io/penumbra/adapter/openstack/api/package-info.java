/**
 * Speaking to OpenStack's services: one session for OpenStack4j and for a small typed client beside
 * it, which knows microversions, paging, back-off and time-outs.
 */
@NullMarked
package io.penumbra.adapter.openstack.api;

import org.jspecify.annotations.NullMarked;
