/**
 * Brokers as carriers of frames. Kafka needs nothing but libraries; for JMS there is a component
 * that is told its broker in the endpoint, so that all of it is configuration.
 */
@NullMarked
package io.penumbra.adapter.brokers;

import org.jspecify.annotations.NullMarked;
