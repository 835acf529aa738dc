"""Rules that every layer shares: constants and pure functions (docs/adr/0009)."""
