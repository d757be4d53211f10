"""Collapsed attention of one head: the tokens themselves are keys and values."""
