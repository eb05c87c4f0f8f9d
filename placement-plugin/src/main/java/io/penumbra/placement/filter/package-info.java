/**
 * The filters that come with Penumbra, one per file: each says of one host yes, or no with numbers.
 */
@NullMarked
package io.penumbra.placement.filter;

import org.jspecify.annotations.NullMarked;
