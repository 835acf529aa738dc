"""Packages and the deployment template."""
