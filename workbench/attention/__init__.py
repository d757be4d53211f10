"""One attention module whose scores and values can be exchanged, and what reads other libraries' into it."""
