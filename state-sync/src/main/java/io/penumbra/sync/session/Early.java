package io.penumbra.sync.session;

/** Whether pages that have changed and seem settled are sent before the cut they belong to. */
public enum Early {
  /** Always. */
  ON,
  /** Never: between cuts nobody looks at the state. */
  OFF,
  /** As long as it earns something: most of them hold, and looking costs little. */
  AUTO
}
