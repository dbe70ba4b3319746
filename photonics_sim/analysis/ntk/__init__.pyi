from ._empirical import empirical as empirical
from ._regression import KernelRegression as KernelRegression
from ._regression import flow_time as flow_time
