"""Read models of the control panel."""
