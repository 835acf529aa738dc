"""`feedpulse evaluate …`: honest figures, one file a subject."""
