from ._banks import Banks as Banks
from ._banks import IdealBanks as IdealBanks
from ._net import NONLINEARITIES as NONLINEARITIES
from ._net import ReLaXNet as ReLaXNet
from ._schedule import LayerSchedule as LayerSchedule
