"""Jacobians with respect to parameters, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.func import functional_call, jacrev, vmap

from photonics_sim.analysis.ntk._subject import Subject
from photonics_sim.errors import PhotonicsError

Way = Literal["transforms", "loop"]


def looped(subject: Subject, x: Tensor, outputs: slice, names: list[str]) -> Tensor:
    """One backward pass per sample and output, by whatever backward passes the network has.

    Args:
        subject: The network.
        x: Samples, `(n, ...)`.
        outputs: Which of its outputs.
        names: Of the parameters.

    Returns:
        `(n, outputs, numbers in the parameters)`.
    """
    chosen = [subject.parameters[name] for name in names]
    rows = []
    with torch.enable_grad():
        for sample in x.split(1):
            y = subject(sample)[0, outputs]
            for one in y.unbind():
                slopes = torch.autograd.grad(one, chosen, retain_graph=True, allow_unused=True)
                rows.append(_row(slopes, chosen))
    return torch.stack(rows).reshape(len(x), -1, len(rows[0]))


def transformed(subject: Subject, x: Tensor, outputs: slice, names: list[str]) -> Tensor:
    """All samples and outputs in one pass of `torch.func`; arguments and result as in `looped`.

    Raises:
        PhotonicsError: where a network does something that these transforms cannot follow.
    """
    parameters = {name: subject.parameters[name].detach() for name in names}

    def alone(values: dict[str, Tensor], sample: Tensor) -> Tensor:
        found: Tensor = functional_call(subject.model, values, (sample[None],))
        return found.reshape(-1)[outputs]

    try:
        with torch.enable_grad():
            found = vmap(jacrev(alone), (None, 0))(parameters, x)
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        said = str(error).strip().split("\n")[0]
        raise PhotonicsError(
            f'{type(subject.model).__name__} does not pass torch.func ({said}); ask for way="loop"'
        ) from error
    count = len(range(*outputs.indices(subject.outputs)))
    return torch.cat([found[name].reshape(len(x), count, -1).detach() for name in names], -1)


def fastest_way(subject: Subject, x: Tensor) -> Way:
    """A loop where backward passes are written by hand, which transforms would do without; else transforms.

    A rule and not a race, so that the same question always has the same answer, to the last digit.
    """
    with torch.enable_grad():
        left: list[Any] = [subject(x[:1]).grad_fn]
    seen = set()
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            return "loop"
        seen.add(node)
        left += [before for before, _ in node.next_functions]
    return "transforms"


WAYS: dict[Way, Callable[[Subject, Tensor, slice, list[str]], Tensor]] = {"transforms": transformed, "loop": looped}


def _row(slopes: tuple[Tensor | None, ...], parameters: list[torch.nn.Parameter]) -> Tensor:
    parts = [torch.zeros_like(p) if g is None else g for g, p in zip(slopes, parameters, strict=True)]
    return torch.cat([part.detach().reshape(-1) for part in parts])
