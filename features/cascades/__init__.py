"""Reshare trees: who reshared from whom, ranks, forecasts."""
