/**
 * Frames on their way as Camel routes: retries, dead letters with a reason, back-pressure and
 * meters around whatever carries them. That is our own paths by default, and a broker by
 * configuration alone. One exchange per frame, never per page; nothing else in this module knows
 * Camel.
 */
@NullMarked
package io.penumbra.sync.route;

import org.jspecify.annotations.NullMarked;
