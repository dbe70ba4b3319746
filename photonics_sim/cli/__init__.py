"""The `photonics-sim` command."""

from photonics_sim.cli._app import main as main
