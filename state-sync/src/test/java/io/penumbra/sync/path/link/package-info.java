/** The link under test over real sockets: relays on the loopback, and network namespaces. */
@NullMarked
package io.penumbra.sync.path.link;

import org.jspecify.annotations.NullMarked;
