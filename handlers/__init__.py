"""Lambda entries, one file per stage."""
