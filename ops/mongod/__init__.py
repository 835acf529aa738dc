"""The embedded MongoDB."""
