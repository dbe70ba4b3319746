from ._mesh_processor import MeshProcessor as MeshProcessor
from ._mesh_processor_card import MeshProcessorCard as MeshProcessorCard
from ._ring_bank import RingBank as RingBank
from ._ring_bank_card import IntensityModulatorCard as IntensityModulatorCard
from ._ring_bank_card import RingBankCard as RingBankCard
from ._scatterer import FreeSpaceScatterer as FreeSpaceScatterer
from ._scatterer_card import FreeSpaceScattererCard as FreeSpaceScattererCard
