"""Behaviour features, detectors and thresholds: who reads like a script."""
