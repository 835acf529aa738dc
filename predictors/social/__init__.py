"""Moods, friends, accounts to follow, planned actions."""
