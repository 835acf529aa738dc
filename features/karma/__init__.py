"""Karma and PageRank by category."""
