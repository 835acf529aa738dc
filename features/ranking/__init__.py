"""Histories and point-in-time columns for the rankers."""
