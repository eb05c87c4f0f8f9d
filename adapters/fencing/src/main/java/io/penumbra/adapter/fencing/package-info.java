/** Makes sure that an old primary cannot serve: by its agent, by its lease, by its host's power. */
@NullMarked
package io.penumbra.adapter.fencing;

import org.jspecify.annotations.NullMarked;
