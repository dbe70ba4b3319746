"""One small chip, replayed in time bins."""
