"""Behaviour features of reading times."""
