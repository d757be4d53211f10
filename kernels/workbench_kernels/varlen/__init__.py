"""Attention over packed sequences, with T5's relative positions if there are any."""
