/** What Nova says of its own accord: versioned notifications over RabbitMQ, through Camel. */
@NullMarked
package io.penumbra.adapter.openstack.notify;

import org.jspecify.annotations.NullMarked;
