"""What a kernel cannot learn, in words: points that it takes for the same, points that it does not see."""

from __future__ import annotations

import torch
from torch import Tensor

_SAME = 1e-11  # |phi(x) - phi(x')|^2 over the mean of the two squares: rounding of their difference is some 1e-16
_NAMED = 3  # examples in a sentence


def unlearnable_words(matrix: Tensor, targets: Tensor, share: float, rounding: float) -> tuple[str, ...]:
    """Sentences on what of the targets is out of reach; none where all is within.

    Args:
        matrix: The kernel of the samples, `(n, n)`.
        targets: `(n, outputs)`.
        share: Of the targets' energy that is out of reach.
        rounding: Of the eigenvalues. Small samples stand above it, and are learnt.
    """
    size = targets.abs().amax().clamp_min(torch.finfo(targets.dtype).tiny)
    squares = matrix.diagonal()
    unseen = squares <= rounding
    words = []
    blind = (unseen & (targets.abs().amax(1) > _SAME * size)).nonzero().flatten().tolist()
    if blind:
        words.append(
            f"{_samples(blind)} {'is a zero vector' if len(blind) == 1 else 'are zero vectors'} for this kernel, and "
            "its prediction there is always 0; append a constant to the samples (a bias)"
        )
    apart = squares[:, None] + squares - 2 * matrix
    same = (apart <= _SAME * (squares[:, None] + squares) / 2) & ~unseen & ~unseen[:, None]
    # by matrix products, torch's choice for many, equal targets would be 1e-8 apart
    differ = torch.cdist(targets, targets, compute_mode="donot_use_mm_for_euclid_dist") > _SAME * size
    pairs = (same & differ).triu(1).nonzero().tolist()
    if pairs:
        named = ", ".join(f"{a} and {b}" for a, b in pairs[:_NAMED]) + (", ..." if len(pairs) > _NAMED else "")
        words.append(
            f"{len(pairs)} pair{'s' if len(pairs) > 1 else ''} of samples ({named}) are identical for this kernel and "
            "have different targets: their mean is all that can be learnt"
        )
    if share > _SAME and not words:
        words.append(f"{100 * share:.3g} % of the targets' energy lies along directions that this kernel does not have")
    return tuple(words)


def _samples(numbers: list[int]) -> str:
    named = ", ".join(map(str, numbers[:_NAMED])) + (", ..." if len(numbers) > _NAMED else "")
    return f"sample {named}" if len(numbers) == 1 else f"samples {named}"
