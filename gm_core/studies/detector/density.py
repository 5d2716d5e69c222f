"""How unusual a point is among others, with a p-value that holds for any finite number of them."""

import torch
from torch import Tensor

NEIGHBOURS = 5
"""To so many held-out points the distance is measured, where there are enough."""


class NeighbourDensity:
    r"""An outlier score by the distance to the nearest held-out points, and its conformal p-value.

    The held-out points both define the score and calibrate it. To keep this fair, the new point joins them: each of the
    n + 1 is scored by its distance to the nearest of the *others*, and the p-value is the share that scores at least as
    high as the new one. If the n + 1 are exchangeable, then so are their scores, and
    :math:`P(p \le \alpha) \le \alpha` for every :math:`\alpha` and n.

    Args:
        points: The held-out points, (n, d), at least two.

    References:
        Vovk, Gammerman and Shafer (2005), "Algorithmic Learning in a Random World", section 2.2 and (nearest
        neighbours) 3.1; Laxhammar and Falkman (2010), "Conformal Prediction for Distribution-Independent Anomaly
        Detection in Streaming Vessel Data"; Morningstar et al. (2021), "Density of States Estimation for
        Out-of-Distribution Detection", for the density of a model's statistics. https://arxiv.org/abs/2006.09273
    """

    def __init__(self, points: Tensor) -> None:
        if len(points) < 2:
            raise ValueError(f"a density by neighbours needs at least 2 points, not {len(points)}")
        self.points, self.neighbours = points.double(), min(NEIGHBOURS, len(points) - 1)
        # Distances from each point to its nearest others, ascending; the very nearest, itself, is left out.
        self._nearest = torch.cat(
            [
                torch.cdist(part, self.points).topk(self.neighbours + 1, largest=False).values[:, 1:]
                for part in self.points.split(500)
            ]
        )

    def __len__(self) -> int:
        return len(self.points)

    def outlier_score(self, new: Tensor) -> tuple[Tensor, Tensor]:
        """Score new points, each on its own.

        Args:
            new: Points, (B, d).

        Returns:
            The score of each, the mean distance to its nearest held-out points, (B,); and how often a held-out point
            scores at least as high when the new one is among them, ``int64`` (B,).
        """
        scores, peers = [], []
        for point in new.double():
            distance = torch.linalg.vector_norm(self.points - point, dim=1)
            score = distance.topk(self.neighbours, largest=False).values.mean()
            # A new point that is nearer to a held-out one than the last of its nearest replaces that last one.
            gain = (self._nearest[:, -1] - distance).clamp_min(0)
            peers.append((self._nearest.sum(dim=1) - gain >= score * self.neighbours).sum())
            scores.append(score)
        if not scores:
            return torch.zeros(0, dtype=torch.float64), torch.zeros(0, dtype=torch.int64)
        return torch.stack(scores), torch.stack(peers)

    def p_value(self, peers: Tensor) -> Tensor:
        """The share of all n + 1 points that score at least as high as the new one, from its peers, (B,)."""
        return (1 + peers).double() / (len(self) + 1)

    @property
    def held_out(self) -> Tensor:
        """The score of every held-out point among the others alone, (n,)."""
        return self._nearest.mean(dim=1)
