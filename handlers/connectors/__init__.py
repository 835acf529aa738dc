"""Clients of networks that carry out planned actions."""
