from ._quadratic import QuadraticRecovery as QuadraticRecovery
from ._quadratic import recovers_quadratic as recovers_quadratic
from ._rays import FarRays as FarRays
from ._rays import far_ray_degree as far_ray_degree
