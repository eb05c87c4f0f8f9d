/**
 * How far a second instance of a VM, fed with the same requests, has drifted from the first: which
 * pages differ, since when, and whether that is the noise such machines make or a fault.
 */
@NullMarked
package io.penumbra.sync.drift;

import org.jspecify.annotations.NullMarked;
