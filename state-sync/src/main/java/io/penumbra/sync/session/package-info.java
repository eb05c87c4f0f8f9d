/**
 * How the two ends keep one state in step: what to send next, what to ask for again, when an epoch
 * is done. Two state machines without threads, clock or I/O: they are told what happened and what
 * time it is, and answer with what to do. Whatever is lost, repeated, overtaken or killed, they
 * come back into step, and never acknowledge a state whose root they have not seen.
 */
@NullMarked
package io.penumbra.sync.session;

import org.jspecify.annotations.NullMarked;
