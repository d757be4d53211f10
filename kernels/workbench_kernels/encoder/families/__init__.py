"""One file for each family of encoders."""
