"""Systems of the family `language`."""
