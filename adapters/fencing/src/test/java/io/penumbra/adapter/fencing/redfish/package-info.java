/** Management controllers: a real emulator, and one that lies as asked. */
@NullMarked
package io.penumbra.adapter.fencing.redfish;

import org.jspecify.annotations.NullMarked;
