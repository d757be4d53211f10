"""Systems of the family `vision`."""
