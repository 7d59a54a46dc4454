"""Data protection: what is kept about people (`kept`), their copy of it (`export`), its end (`erasure`, `retention`)."""
