"""The path between pictures and noise: which times there are, and what a state is at each."""

from abc import ABC, abstractmethod


class Path(ABC):
    """At every time a state is a x + b e: of a picture x, with noise e over it.

    Attributes:
        noisiest: The time that is all noise.
    """

    noisiest: float

    @abstractmethod
    def times(self, steps: int, strength: float = 1.0) -> list[float]:
        """Times of a drawing in so many steps, from a share of noise, 1 being all, to none."""

    @abstractmethod
    def fine_times(self, steps: int) -> list[float]:
        """Times from a picture to its noise, close together where little noise is left, in which details are told."""

    @abstractmethod
    def weights(self, time: float) -> tuple[float, float]:
        """What the picture and the noise are multiplied by: a and b."""

    @abstractmethod
    def time(self, ratio: float) -> float:
        """The time at which the picture is so many times as strong as the noise."""

    def ratio(self, time: float) -> float:
        """How many times as strong as the noise the picture is: a / b."""
        of_picture, of_noise = self.weights(time)
        return of_picture / of_noise

    @abstractmethod
    def size(self, time: float) -> float:
        """By how much a state is larger than what is shown of it; all noise is shown as a standard normal."""

    @abstractmethod
    def share(self, time: float) -> float:
        """Where on the way a time is: from 0, all noise, to 1, the picture."""

    @abstractmethod
    def title(self, time: float) -> str:
        """A time in words."""
