"""What a detector can know: digits, clothes; and how one speaks of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """A detector's world in words.

    Attributes:
        name: As in the detector's checkpoint.
        title: For a button.
        one: One of its pictures.
        many: Several.
        figure: What of a picture is not ground.
    """

    name: str
    title: str
    one: str
    many: str
    figure: str


DOMAINS = {
    domain.name: domain
    for domain in (
        Domain("mnist", "Digits", "a digit", "digits", "the strokes"),
        Domain("fashion", "Clothes", "a piece of clothing", "clothes", "the garment"),
        Domain("cifar10", "Photographs", "a photograph", "photographs", "the subject"),
    )
}
