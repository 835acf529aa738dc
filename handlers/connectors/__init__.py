"""Clients of networks that execute planned actions."""
