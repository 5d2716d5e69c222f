"""Likelihoods that others have published on the test sets used here, for comparison.

How well others tell outliers from a data set is in its record, see :mod:`gm_core.data.catalog`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedFigure:
    """One published figure.

    Attributes:
        dataset: Name of the data set, as on the cards.
        unit: Unit of the figure: bits/dim (lower is better) or nats (log-likelihood: higher is better).
        figure: The figure as printed; a bound carries ``≤`` or ``≥``.
        model: The model it belongs to.
        source: Where it was published.
    """

    dataset: str
    unit: str
    figure: str
    model: str
    source: str


_TRANSFORMERS = "Katharopoulos et al. (2020), *Transformers are RNNs*, table 1; 8 layers, 250 epochs on GPUs"
_UVA = (
    'P. Lippe, *UvA Deep Learning Tutorials*, no. 12, "Autoregressive Image Modeling"; 0.85 M parameters, 150 epochs '
    "on a GPU"
)
_UVA_FLOW = "P. Lippe, *UvA Deep Learning Tutorials*, no. 11"
_FFJORD = "Grathwohl et al. (2019), *FFJORD*, table 2"
_HOTAJ = "E. Hotaj, *pytorch-generative*, README; binarised anew in every epoch, the test set too"
_HOTAJ_256 = "E. Hotaj, *pytorch-generative*, README"
_IWAE = "Burda et al. (2016), *Importance Weighted Autoencoders*; binarised at random"
_PIXELRNN = "van den Oord et al. (2016), *Pixel Recurrent Neural Networks*, table 5; 10,000 test images, on GPUs"

PUBLISHED = tuple(
    PublishedFigure(*entries)
    for entries in (
        ("mnist", "bits/dim", "0.621", "autoregressive transformer, softmax attention", _TRANSFORMERS),
        ("mnist", "bits/dim", "0.644", "autoregressive transformer, linear attention", _TRANSFORMERS),
        ("mnist", "bits/dim", "0.676 and 0.745", "Reformer, two settings", _TRANSFORMERS),
        ("mnist", "bits/dim", "0.808", "gated PixelCNN", _UVA),
        ("mnist", "bits/dim", "≤ 0.97", "Residual Flow", "Chen et al. (2019), *Residual Flows*"),
        ("mnist", "bits/dim", "≤ 0.99", "FFJORD", _FFJORD),
        ("mnist", "bits/dim", "≤ 1.05", "Glow", _FFJORD),
        ("mnist", "bits/dim", "≤ 1.06", "RealNVP", _FFJORD),
        ("mnist", "bits/dim", "≤ 1.020", "multi-scale flow, 1.712 M parameters", _UVA_FLOW),
        ("mnist", "bits/dim", "≤ 1.043", "flow with variational dequantisation, 0.628 M parameters", _UVA_FLOW),
        ("mnist", "bits/dim", "4.34", "NICE", _HOTAJ_256),
        ("mnist", "bits/dim", "≤ 1.078", "flow, 0.556 M parameters", _UVA_FLOW),
        ("mnist-binary", "nats", "-78.61", "PixelSNAIL", _HOTAJ),
        ("mnist-binary", "nats", "-79.17", "ImageGPT", _HOTAJ),
        ("mnist-binary", "nats", "-81.45", "PixelCNN", _HOTAJ),
        ("mnist-binary", "nats", "-81.50", "gated PixelCNN", _HOTAJ),
        ("mnist-binary", "nats", "-84.87", "MADE", _HOTAJ),
        ("mnist-binary", "nats", "-85.65", "NADE", _HOTAJ),
        ("mnist-binary", "nats", "-96.58", "FVSBN", _HOTAJ),
        ("mnist-binary", "nats", "≥ -80.72", "VD-VAE", _HOTAJ),
        ("mnist-binary", "nats", "≥ -84.78", "IWAE, 50 samples", _IWAE),
        ("mnist-binary", "nats", "≥ -86.76", "VAE", _IWAE),
        ("cifar10", "bits/dim", "2.92", "PixelCNN++", "Salimans et al. (2017), *PixelCNN++*, table 1"),
        ("cifar10", "bits/dim", "3.00", "PixelRNN", _PIXELRNN),
        ("cifar10", "bits/dim", "3.14", "PixelCNN", _PIXELRNN),
        ("cifar10", "bits/dim", "3.40 to 3.47", "autoregressive transformers", "Katharopoulos et al. (2020), table 2"),
        ("cifar10", "bits/dim", "≤ 2.87", "very deep VAE", "Child (2021), *Very Deep VAEs*"),
    )
)
"""In each data set the best of a kind first. No likelihood of Fashion-MNIST's 256 levels was found."""
