"""Benchmarks: each starts its own database, measures its yardstick in the same run and prints ratios."""
