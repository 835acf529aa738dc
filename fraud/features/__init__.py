"""Behaviour features of credentials, from their exposures."""
