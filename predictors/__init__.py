"""Use: guest feed, personal ranking, reasons."""
