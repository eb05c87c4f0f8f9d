/** Real servers on ports of their own, ended by their process ids. */
@NullMarked
package io.penumbra.adapter.traffic.server;

import org.jspecify.annotations.NullMarked;
