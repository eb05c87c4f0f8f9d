/**
 * JSON over HTTP for whoever offers or calls an API: the node agent, the gateway's control, the
 * server. On the JDK's own server and client; a virtual thread per call.
 */
@NullMarked
package io.penumbra.web;

import org.jspecify.annotations.NullMarked;
