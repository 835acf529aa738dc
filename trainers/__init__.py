"""Trains and evaluates rankers and text models."""
