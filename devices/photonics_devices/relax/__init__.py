"""ReLaX-Nets: few banks of slow weights, visited many times."""
