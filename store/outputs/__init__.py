"""Reads and writes the documents of feedpulse."""
