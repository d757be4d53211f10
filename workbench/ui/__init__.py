"""The kernel half of the panels and of the notebook widgets; importing it loads neither torch nor Jupyter."""
