"""Making card and data meet."""

from __future__ import annotations

from collections.abc import Collection

from photonics_sim.datasets import Dataset, Pipeline, fit_pipeline
from photonics_sim.device import Card
from photonics_sim.errors import PhotonicsError


def fit_card(card: Card, dataset: Dataset, chosen: Collection[str] = (), pipeline: Pipeline | None = None) -> Card:
    """The card with as many inputs and outputs as the data have, except where the user chose them.

    Args:
        card: Any card; its schema says which fields are its inputs and outputs.
        dataset: Images are pooled to the side that the data set recommends, or to the chosen inputs; a card of
            `whole_images` takes all their pixels.
        chosen: Paths that the user has set, which stay.
        pipeline: What the samples go through, where that is decided already; the card then takes its features.

    Raises:
        PhotonicsError: where a chosen width cannot be reached, or a chosen number of outputs does not fit.
    """
    values = card.model_dump()
    width = values[card.input_field] if card.input_field in chosen else None
    if width is None and pipeline is None and card.whole_images and len(dataset.shape) > 1:
        width = dataset.features
    outputs = values[card.output_field]
    if card.output_field in chosen and outputs != dataset.outputs:
        raise PhotonicsError(
            f"{card.output_field} = {outputs}, but {dataset.name} has {dataset.outputs}; leave it out to fit the data"
        )
    features = (pipeline or fit_pipeline(dataset, width)).features
    if width not in {None, features}:
        raise PhotonicsError(
            f"{card.input_field} = {width}, but the pipeline gives {features} features; leave one of the two out"
        )
    return card.override({card.input_field: features, card.output_field: dataset.outputs})
