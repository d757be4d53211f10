"""A whole network of collapsed attention in one launch."""
