"""Measurements, each with its peer beside it."""
