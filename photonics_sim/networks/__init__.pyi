from ._branch import Branch as Branch
from ._mlp import MLP as MLP
from ._net import check_count as check_count
from ._nested import NestedNet as NestedNet
from ._nested import injections as injections
from ._product import ProductNet as ProductNet
from ._skip import SkipNet as SkipNet
