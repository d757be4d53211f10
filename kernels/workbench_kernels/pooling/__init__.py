"""The mixer of PoolFormer: the mean of the neighbours less the place itself, in one pass."""
