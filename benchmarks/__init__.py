"""Measured figures: each module prints one JSON object with --json."""
