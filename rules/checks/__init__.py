"""What may be wrong with a season file that is well formed, by subject."""
