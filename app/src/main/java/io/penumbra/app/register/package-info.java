/** Makes Penumbra known to a cloud, and unknown again: users, rights, catalogue, Nova's files. */
@NullMarked
package io.penumbra.app.register;

import org.jspecify.annotations.NullMarked;
