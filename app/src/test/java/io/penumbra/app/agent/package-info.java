/** What an agent tells others, against fakes of them. */
@NullMarked
package io.penumbra.app.agent;

import org.jspecify.annotations.NullMarked;
