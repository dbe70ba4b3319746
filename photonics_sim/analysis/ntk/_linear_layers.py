"""Layers whose part of a kernel needs no Jacobian: that of a linear layer is an outer product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from photonics_sim.analysis.ntk._subject import Subject, agree

MOST_USES = 8  # of one layer in a pass; pairs of uses cost more than its Jacobian soon after
_TRIED = 2  # samples on which structure is tried


@dataclass
class Uses:
    """What one linear layer took and gave at each of its uses in a pass.

    Attributes:
        inputs: A_u, `(n, fan_in)` each.
        outputs: Where slopes are asked for, `(n, fan_out)` each.
        plain: Whether each use took one row for each sample.
        samples: Of the pass.
    """

    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)
    plain: bool = True
    samples: int = 0


def structured_layers(subject: Subject, x: Tensor) -> dict[str, nn.Linear]:
    """The plain linear layers of a network that outer products describe, by name.

    A weight can have a life beside its layer (tied to another one, used without it), a hook can change what the layer
    gives, samples can meet after all: each candidate is tried on samples against the derivative of autograd.

    Args:
        subject: The network.
        x: Its samples, `(n, ...)`; the first are tried.
    """
    found = _candidates(subject)
    if not found:
        return {}
    x = x[:_TRIED]
    found = _hold(subject, found, x)
    # the other way round: a network that sorts its samples gives no row of a layer to the sample of that row
    return _hold(subject, found, x.flip(0)) if found and len(x) > 1 else found


def _hold(subject: Subject, layers: dict[str, nn.Linear], x: Tensor) -> dict[str, nn.Linear]:
    """Those whose outer products are the derivative of the first sample."""
    with torch.no_grad():
        alone = subject(x[:1])
    with torch.enable_grad(), record(layers, len(x)) as uses:
        y = subject(x)
        if not agree(y[:1], alone):  # samples meet: only one at a time is it a kernel of two of them
            return {}
        # no symmetry of a network makes all differ alike
        mixed = y @ torch.linspace(0.6, 1.7, subject.outputs, dtype=y.dtype, device=y.device)
        usable = {name: one for name, one in uses.items() if one.plain and 0 < len(one.outputs) <= MOST_USES}
        slopes = slopes_of(mixed.sum(), usable)
        wanted = [(name, key, value) for name in usable for key, value in layers[name].named_parameters()]
        wanted = [one for one in wanted if one[2].requires_grad]
        truth = torch.autograd.grad(mixed[0], [value for *_, value in wanted], allow_unused=True)
    wrong = set()
    for (name, key, value), derivative in zip(wanted, truth, strict=True):
        pairs = zip(slopes[name], uses[name].inputs, strict=True)
        outer = sum((torch.outer(g[0], a[0]) if key == "weight" else g[0] for g, a in pairs), torch.zeros_like(value))
        if not agree(outer, derivative if derivative is not None else torch.zeros_like(value)):
            wrong.add(name)
    return {name: layer for name, layer in layers.items() if name in usable and name not in wrong}


def slopes_of(total: Tensor, uses: dict[str, Uses]) -> dict[str, list[Tensor]]:
    """d total / d outputs of every use of every layer, by one backward pass; the graph stays."""
    places = [place for one in uses.values() for place in one.outputs]
    if not places:
        return {name: [] for name in uses}
    slopes = torch.autograd.grad(total, places, retain_graph=True, allow_unused=True)
    made = iter(torch.zeros_like(p) if g is None else g for g, p in zip(slopes, places, strict=True))
    return {name: [next(made) for _ in one.outputs] for name, one in uses.items()}


@contextmanager
def record(layers: dict[str, nn.Linear], samples: int) -> Iterator[dict[str, Uses]]:
    """Within it, a pass of so many samples through a network writes down what its layers take and give."""
    uses = {name: Uses(samples=samples) for name in layers}
    handles = [_listen(layer, uses[name]) for name, layer in layers.items()]
    try:
        yield uses
    finally:
        for handle in handles:
            handle.remove()


def _listen(layer: nn.Linear, uses: Uses) -> RemovableHandle:
    def hook(_: nn.Module, taken: tuple[Tensor, ...], given: Tensor) -> Tensor:
        uses.plain &= given.ndim == 2 and len(taken) == 1 and len(given) == uses.samples
        uses.inputs += [one.detach() for one in taken]
        uses.outputs.append(given)
        return given.clone()  # what comes next may work in place

    return layer.register_forward_hook(hook)


def _candidates(subject: Subject) -> dict[str, nn.Linear]:
    """Layers that are exactly torch's own, whose parameters are trained and have no other name."""
    everything = subject.model.named_parameters(remove_duplicate=False)
    names = Counter(id(value) for _, value in everything)
    trained = {id(value) for value in subject.parameters.values()}

    def fits(layer: nn.Linear) -> bool:
        if type(layer) is not nn.Linear:
            return False
        own = list(layer.parameters())
        # what a hook computes anew at each pass, as torch's old pruning does, is no parameter any more
        whole = len(own) == (1 if layer.bias is None else 2)
        return whole and all(names[id(value)] == 1 for value in own) and any(id(value) in trained for value in own)

    layers = {name: layer for name, layer in subject.model.named_modules() if isinstance(layer, nn.Linear)}
    return {name: layer for name, layer in layers.items() if fits(layer)}
