"""The network whose kernel is asked for, checked: samples pass it on their own, and it has real trained parameters."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from photonics_sim.errors import PhotonicsError

_TOGETHER = (nn.modules.batchnorm._BatchNorm,)
_RANDOM = (nn.modules.dropout._DropoutNd,)


@dataclass(frozen=True)
class Subject:
    """A network and what is known of it before the first derivative.

    Attributes:
        model: A torch network or a device.
        parameters: What is trained, by name; a tensor that has several names stands under its first.
        outputs: Numbers that it gives for a sample.
        kind: Of its numbers.
    """

    model: nn.Module
    parameters: dict[str, nn.Parameter]
    outputs: int
    kind: torch.dtype

    @classmethod
    def of(cls, model: nn.Module, x: Tensor) -> Subject:
        """Check a network against samples `(n, ...)`.

        Raises:
            PhotonicsError: where samples meet or meet chance on their way, where nothing is trained or is complex, and
                where the outputs do not belong to the samples one by one.
        """
        name = type(model).__name__
        trained = {key: value for key, value in model.named_parameters() if value.requires_grad}
        if not trained:
            raise PhotonicsError(f"{name} has no trained parameters: its kernel is 0. Call requires_grad_() on some")
        for key, value in trained.items():
            if value.is_complex():
                raise PhotonicsError(f"{name}: {key} is complex; hold its two parts as real parameters")
        _refuse_company(model, name)
        kind = next(iter(trained.values())).dtype
        with torch.no_grad():
            found, again = (model(_as(x[:1], kind)) for _ in range(2))
        if not isinstance(found, Tensor) or found.is_complex() or not found.is_floating_point():
            said = str(found.dtype) if isinstance(found, Tensor) else type(found).__name__
            raise PhotonicsError(f"{name} gives {said}; a kernel is of real outputs. Give their parts, or powers")
        if found.ndim > x.ndim and found.shape[0] != 1 and found.shape[1:2] == (1,):
            raise PhotonicsError(
                f"{name} gives {tuple(found.shape)} for one sample: an ensemble of {len(found)} chips. Ask for the "
                "kernel of one chip: as_built(seed) without chips"
            )
        if found.ndim == 0 or len(found) != 1:
            raise PhotonicsError(f"{name} gives {tuple(found.shape)} for one sample; expected (1, outputs)")
        if not agree(again, found):  # dropout without a module of its own, a norm that is still being estimated
            raise PhotonicsError(
                f"two passes of one sample through {name} differ, so there is no kernel; "
                "call model.eval(), and switch off what draws at random"
            )
        return cls(model, trained, found.numel(), kind)

    def __call__(self, x: Tensor) -> Tensor:
        """Samples `(n, ...)` to outputs `(n, outputs)`."""
        found: Tensor = self.model(x)
        return found.reshape(len(x), self.outputs)

    def prepared(self, x: Tensor) -> Tensor:
        """Samples in the network's number type; those that are no numbers, such as tokens, as they are."""
        return _as(x.detach(), self.kind)


def check_samples(x: Tensor, name: str) -> None:
    """Refuse no samples, and values that are not finite.

    Raises:
        PhotonicsError: for either.
    """
    if x.ndim == 0 or not len(x):
        raise PhotonicsError(f"{name} has shape {tuple(x.shape)}; expected samples (n, ...), at least one")
    if not torch.isfinite(x).all():
        at = tuple((~torch.isfinite(x)).nonzero()[0].tolist())
        raise PhotonicsError(f"{name}{list(at)} is {x[at].item()}; samples must be finite")


def agree(found: Tensor, truth: Tensor) -> bool:
    """Up to rounding: half the digits tell the same from another. Numbers that are not finite are left to others."""
    limit = torch.finfo(truth.dtype).eps ** 0.5 * float(truth.abs().max())
    return not bool((found - truth).abs().max() > limit)


def _as(x: Tensor, kind: torch.dtype) -> Tensor:
    return x.to(kind) if x.is_floating_point() else x


def _refuse_company(model: nn.Module, name: str) -> None:
    """Where a sample's output depends on its neighbours or on chance, there is no kernel of two samples."""
    for path, module in model.named_modules():
        mixes = isinstance(module, _TOGETHER) and (module.training or not module.track_running_stats)
        if mixes or (isinstance(module, _RANDOM) and module.training and module.p > 0):
            said = "normalises each sample by its neighbours" if mixes else "drops numbers at random"
            remedy = "call model.eval()" if module.training and getattr(module, "track_running_stats", True) else ""
            remedy = remedy or "use one that tracks running statistics"
            raise PhotonicsError(f"{name}: {path or type(module).__name__} {said}, so there is no kernel; {remedy}")
