"""Transformer systems, one file each, with what their papers state about them and a small configuration to try."""
