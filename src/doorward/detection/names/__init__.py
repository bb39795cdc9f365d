"""People and places in prose, found by a small model of our own (docs/names.md)."""
