package io.penumbra.app.architecture.sample;

/** A name that says nothing. */
final class AgentManager {}
