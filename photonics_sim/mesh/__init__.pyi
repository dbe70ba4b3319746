from ._cards import MeshCard as MeshCard
from ._cards import SplitterCard as SplitterCard
