"""Measuring the crew."""
