from ._detector import detect as detect
from ._detector import quantise as quantise
from ._detector_card import DetectorCard as DetectorCard
from ._encoder import encode as encode
from ._encoder_card import EncoderCard as EncoderCard
from ._laser_card import LaserCard as LaserCard
from ._modulator import phase_transmission as phase_transmission
from ._modulator import quantise_phase as quantise_phase
