"""The embedded stack: PostgreSQL, Temporal, a mail sink, the workers and the desk, on one machine."""
