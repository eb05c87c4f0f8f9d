/**
 * Power by management controllers that speak Redfish (DMTF DSP0266; ComputerSystem.Reset of
 * DSP0268): told to switch off, and then read until they say that the power is off.
 */
@NullMarked
package io.penumbra.adapter.fencing.redfish;

import org.jspecify.annotations.NullMarked;
