"""Definitions that every layer shares: pure values and functions, written once (docs/adr/0009)."""
