"""The universality check of hardware, or of any black box, from readings at planned points."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from photonics_sim.analysis.universality._check import DETECTED
from photonics_sim.analysis.universality._probe import Encoder, Probe, Readout, Response
from photonics_sim.analysis.universality._report import LIMIT, UniversalityReport
from photonics_sim.analysis.universality._samples_boxes import FEWEST, find_boxes
from photonics_sim.analysis.universality._samples_file import HIGHEST, h5_path, read_samples, write_plan
from photonics_sim.analysis.universality._samples_repeats import detection, look_at_repeats
from photonics_sim.analysis.universality._samples_said import (
    COPIED,
    about_repeats,
    against_twin,
    counted,
    is_steps,
    undecided,
    without_polynomials,
)
from photonics_sim.analysis.universality._stencil import outermost
from photonics_sim.analysis.universality._strength import random_boxes, strength_of_readings
from photonics_sim.device import Device
from photonics_sim.errors import PhotonicsError

MOST_NUMBERS = 2**26  # inputs in a file: half a GiB


def plan_measurement(
    path: str | os.PathLike[str],
    inputs: int,
    *,
    order: int = 1,
    boxes: int = 600,
    domain: tuple[float, float] = (-2.0, 2.0),
    seed: int = 0,
) -> int:
    """Write the points whose readings `check_measured` takes: the corners of random boxes, box after box.

    They are those that a simulated check reads, and go to the data set `inputs` (rows, inputs) float64 of an HDF5 file,
    in the device's own units of its inputs. What the device gives goes beside it as `outputs` (rows, repeats), real, or
    complex as complex128, of two repeats at least: all rows from top to bottom, then all of them again.

    Args:
        path: A `.h5` or `.hdf5` file, written in one step; an unmeasured plan is replaced, no other file is.
        inputs: How many are tested together; hold the others still.
        order: K: each box has (K + 1)^inputs corners and shows coupling up to the K-th derivative in each input.
        boxes: Random boxes; 600 show what a simulated check shows.
        domain: Range of each input, bias included.
        seed: Of all points.

    Returns:
        The number of rows.

    Raises:
        PhotonicsError: for more points than fit, with their number; a file that was measured; a folder that cannot be
            written.
    """
    target = h5_path(path)
    if inputs < 1 or not 1 <= order <= HIGHEST or boxes < FEWEST:
        raise PhotonicsError(
            f"inputs = {inputs}, order = {order}, boxes = {boxes}: one input, order 1 and {FEWEST} boxes are the "
            f"least, order {HIGHEST} the highest"
        )
    # the exponent is bounded before the power is taken: beyond 2^64 corners the number says no more
    if inputs > 64 or boxes * (order + 1) ** inputs * inputs > MOST_NUMBERS:
        raise PhotonicsError(
            f"order {order} in {inputs} inputs takes {boxes:,} x {order + 1}^{inputs} rows of {inputs} numbers, of "
            f"which {MOST_NUMBERS:,} are written; plan for fewer inputs, boxes or a lower order"
        )
    # Not shuffled: what counts is a difference within a box, so its corners are read one after the other. Their signs,
    # in the order of the stencil, cancel any drift that is a polynomial in time of degree below order x inputs; in
    # random order drift would be one more scatter that all repeats share, and that looks like coupling.
    asked = Probe(lambda x: x.sum(-1), inputs, domain=domain, seed=seed)
    points = random_boxes(asked, boxes, order).flatten(0, 1).numpy()
    write_plan(target, points, {"order": order, "boxes": boxes, "domain": domain, "seed": seed})
    return len(points)


def check_measured(
    path: str | os.PathLike[str],
    *,
    encoder: Encoder = "diagonal",
    readout: Readout = "coherent",
    twin: Response | Device | None = None,
) -> UniversalityReport:
    """Judge an encoding by what was read from it: whether all inputs together change it, and how surely.

    Of each box the repeats give |Delta|^2 without bias by noise, and the spread over the boxes gives the error. More
    than 5 standard errors prove that no derivative up to the order of the boxes vanishes; less decides nothing, for
    through noise an absence cannot be seen.

    Args:
        path: HDF5 with `inputs` (rows, inputs) and `outputs` (rows, repeats): those of `plan_measurement`, its rows in
            any order, or any full grid, whose levels are paired at random to boxes. Few levels make the share of a
            grid too large, by up to (L / (L - 1))^inputs for L of them.
        encoder: "diagonal" where each input has one scale and bias of its own; "dense" where inputs are mixed freely.
        readout: Of what is combined linearly: "coherent" takes the outputs as they are; "intensity_sum" the squared
            magnitude of complex ones, and real ones for the intensities.
        twin: A simulation of the same device, to compare with; as `check_universality` takes it.

    Raises:
        PhotonicsError: for a file that is missing, damaged or lacks something, one reading per row, readings that are
            not finite or all the same, and points that hold fewer than 8 boxes.
    """
    target = h5_path(path)
    samples = read_samples(target)
    rows, shared = find_boxes(target, samples.inputs, samples.order)
    readings = torch.from_numpy(samples.outputs).T
    if readout == "intensity_sum" and readings.is_complex():
        readings = readings.abs().square()
    seen, boxed = look_at_repeats(readings), readings[:, torch.from_numpy(rows)]
    inputs, order = samples.inputs.shape[1], samples.order or 1
    tested = {k: strength_of_readings(_stencil(boxed, k, order, inputs), k, inputs) for k in {1, order}}
    threshold = detection(DETECTED, len(rows))
    copied = bool((readings == readings[0]).all())
    proved = (
        0
        if copied
        else max((k for k, one in tested.items() if one.z > threshold and not is_steps(one, seen)), default=0)
    )
    strength, said = tested[1], [counted(tested[1], samples, rows.size, threshold)]
    if shared is not None:  # pure noise knows nothing of levels: what is seen at all is decided without them
        strength = strength_of_readings(boxed, 1, inputs, torch.from_numpy(shared))
        said.append("boxes of a grid share levels: the share is less sure than that it is not 0")
    if copied:
        said.append(COPIED)
    elif proved and encoder == "dense":
        proved, why = without_polynomials(proved * inputs)
        said.append(why)
    elif proved:
        said.append(f"orders above {proved} in each input are not shown by these readings")
    else:
        said.append(undecided(tested[1], _stencil(boxed, 1, order, inputs), inputs, threshold))
    said += [*about_repeats(seen, tested[1]), *against_twin(twin, strength, bool(proved), samples, encoder, readout)]
    return UniversalityReport(
        verdict="nondegenerate" if proved else "inconclusive",
        order_proved=proved,
        inputs=inputs,
        encoder=encoder,
        readout=readout,
        strength=strength,
        caveats=(*said, LIMIT),
    )


def _stencil(boxed: Tensor, wanted: int, order: int, inputs: int) -> Tensor:
    """Readings of the whole stencils, or of their outermost corners, which are stencils of order 1."""
    if wanted == order:
        return boxed
    return boxed[..., outermost(order, inputs)]
