"""How every file is written (whole or not at all) and read (nothing in it runs, lies or points elsewhere)."""

from photonics_sim.files._atomic import check_writable as check_writable
from photonics_sim.files._atomic import open_atomically as open_atomically
from photonics_sim.files._atomic import write_atomically as write_atomically
from photonics_sim.files._door import MAX_BYTES as MAX_BYTES
from photonics_sim.files._door import open_h5 as open_h5
from photonics_sim.files._door import read_npz as read_npz
from photonics_sim.files._door import read_toml as read_toml
from photonics_sim.files._door import require_file as require_file
from photonics_sim.files._notes import read_note as read_note
from photonics_sim.files._notes import write_note as write_note
from photonics_sim.files._tensors import read_tensors as read_tensors
from photonics_sim.files._tensors import write_tensors as write_tensors
