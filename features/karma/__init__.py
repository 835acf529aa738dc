"""Karma: influence by category of hashtags."""
