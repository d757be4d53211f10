"""Padding-free encoders, after ByteTransformer (arXiv 2210.03052): all work is done on the rows of tokens alone."""
