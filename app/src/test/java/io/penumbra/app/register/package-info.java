/** Tests of registration, against stubs of the APIs. */
@NullMarked
package io.penumbra.app.register;

import org.jspecify.annotations.NullMarked;
