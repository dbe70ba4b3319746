"""Banks of interferometer meshes: two for each matrix, with attenuators between them."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from photonics_sim.mesh import IDEAL, Faults, MeshCard, built_faults, mesh_matrix, svd_meshes, topology
from photonics_sim.reuse._quadrature import quadrature_product
from photonics_sim.reuse._slow_banks import Compensation, SlowBanks
from photonics_sim.weights import Clock, IdealWeights, WeightBank, WeightModel

_HEADROOM = 1.02  # a sigmoid reaches the largest transmission at infinity only


class MeshBanks(SlowBanks):
    r"""Matrices on pairs of meshes, read coherently: W_k = g_k Re(U_k diag(S_k) V_k), 0 <= S <= 1.

    Every real matrix is g U S V^T with real orthogonal U and V; the trained phases may leave that set, which the real
    part, one quadrature of a homodyne reading, allows. The meshes of all banks are built in one call. `program` takes
    all paths to lose the same; paths that lose more or less than the mean leave an error that training on the faults
    takes into account.

    Args:
        weight_sets, width: L_W and N, the modes of each mesh.
        layers: L_T, for the size of the initial weights, which are those of `IdealBanks` of the same seed.
        mesh: Splitters and arrangement; None is ideal and rectangular.
        faults: Nominal faults of each mesh, the same for all.
        loss_db: Power lost on an average path through a pair. A fixed gain of the read-out makes up for it, so M is in
            units of that path, and so is the noise.
        phase_error_rad: Static error of each shifter as built.
        model: What the shifters make of a commanded phase; None holds it.
        clock: Simulated time; None for one of their own.
        noise: See `SlowBanks`.
        compensation: Of drift.
        seed: Of the initial weights; None leaves them at 0, to be loaded.

    Attributes:
        phases: Slow phases in rad, target `(weight_sets, 2, shifters)`: right mesh, left mesh.
        attenuation: Trainable, `(weight_sets, width)`; S is its sigmoid.
    """

    coherent: ClassVar[bool] = True

    def __init__(
        self,
        weight_sets: int,
        width: int,
        *,
        layers: int,
        mesh: MeshCard | None = None,
        faults: Faults = IDEAL,
        loss_db: float = 0.0,
        phase_error_rad: float = 0.0,
        model: WeightModel | None = None,
        clock: Clock | None = None,
        noise: float = 0.0,
        compensation: Compensation | None = None,
        seed: int | None = 0,
    ) -> None:
        super().__init__()
        self.mesh = mesh or MeshCard(topology="clements")
        self.topology = topology(self.mesh.topology, width)
        self._nominal = self._faults = faults
        self._phase_error, self._restored = phase_error_rad, 10 ** (loss_db / 20)
        dtype = torch.get_default_dtype()
        phases = torch.zeros(weight_sets, 2, self.topology.shifters, dtype=dtype)
        self.phases = WeightBank(phases, model or IdealWeights(), clock=clock)
        self.attenuation = nn.Parameter(torch.zeros(weight_sets, width, dtype=dtype))
        self._add_electronics(weight_sets, width, layers=layers, noise=noise, compensation=compensation, seed=seed)

    def take_over(self, matrices: Tensor) -> None:
        for k, matrix in enumerate(matrices):
            pair = svd_meshes(matrix, self.topology.name)
            for side, one in enumerate((pair.right, pair.left)):
                self.phases.target[k, side] = one.phases.to(self.gain)
            self.attenuation[k] = (pair.transmission / _HEADROOM).clamp(1e-6).logit()
            self.gain[k] = _HEADROOM * pair.scale

    def build(self, seed: int | None, chips: int | None = None) -> None:
        self.phases.on_chip(seed, chips)
        self._faults = self._nominal
        if seed is not None:  # each mesh of each bank and chip lies somewhere else on the wafer
            meshes = (chips or 1) * 2 * self.weight_sets
            self._faults = built_faults(
                self._nominal, self.topology, self.mesh, seed, meshes, phase_error_rad=self._phase_error
            )

    @property
    def cells(self) -> int:
        return 2 * self.topology.shifters + self.width

    def slow(self) -> list[WeightBank]:
        return [self.phases]

    def transfer(self, age_s: float | None = None) -> Tensor:
        phases = self.phases.actual(age_s)
        flat = phases.reshape(-1, phases.shape[-1])
        built = mesh_matrix(self.topology, flat, self._faults.map(lambda values: values.to(flat)))
        right, left = built.mT.unflatten(0, phases.shape[:-1]).unbind(-3)  # [in, out], as they lie in memory
        return quadrature_product(right, left, self._restored * self.attenuation.sigmoid()).mT

    def transfer_rms(self, age_s: float | None = None) -> None:
        return None
