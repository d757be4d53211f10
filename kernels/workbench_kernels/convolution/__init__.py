"""A short causal convolution over packed sequences, one kernel a channel, as Primer has it behind its projections."""
