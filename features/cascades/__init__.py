"""Reshare trees: parents, ranks and forecasts."""
