"""Symmetric attention: keys are the queries, up to a sign for each channel."""
