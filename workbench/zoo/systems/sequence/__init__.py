"""Systems of the family `sequence`."""
