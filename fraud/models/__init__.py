"""Detectors: fitting, calibration, selection."""
