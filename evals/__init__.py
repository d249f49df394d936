"""Benchmarks and measurements of the crew."""
