"""The personal request, stage by stage."""
