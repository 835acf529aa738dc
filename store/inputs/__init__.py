"""Reads what app-db holds."""
