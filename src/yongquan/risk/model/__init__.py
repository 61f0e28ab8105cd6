"""The event model: past-only features, boosted trees, calibrated scores with reasons. Pure but for reading files."""
