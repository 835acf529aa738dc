"""Fit and judge: global, country and user rankers."""
