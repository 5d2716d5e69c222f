"""What each of a detector's scores measures, and what an unusual one says."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ScoreWords:
    """A score for a reader.

    Attributes:
        title: Its name.
        unit: Its unit.
        low: What an unusually low one says, compared with ``{most}`` of the held-out pictures.
        high: What an unusually high one says.
        means: What it measures, in a sentence.
    """

    title: str
    unit: str
    low: str
    high: str
    means: str


_LENGTH = ScoreWords(
    "",
    "bits",
    "for so long a file, the model finds it easier than {most}",
    "for so short a file, the model finds it harder than {most}: simple, but not like {one}",
    "",
)

SCORE_WORDS = {
    "log_prob": ScoreWords(
        "log p(x)",
        "nats",
        "it is less likely than {most}",
        "it is more likely than {most}: too easy to predict",
        "How likely the PixelCNN finds it, exactly. Too likely is as suspicious as too unlikely.",
    ),
    "entropy": ScoreWords(
        "expected surprise",
        "nats",
        "the model was surer of what comes next than in {most}",
        "the model was less sure of what comes next than in {most}",
        "The surprise that the model expected on its way: the entropies of all its predictions, added up.",
    ),
    "excess": ScoreWords(
        "excess surprise",
        "standard deviations",
        "it follows the model's guesses more closely than {most}",
        "its pixels exceed the surprise that the model expected by more than in {most}",
        "Observed less expected surprise. For a picture that the model drew itself, 0 give or take 1.",
    ),
    "peak": ScoreWords(
        "the 40 most surprising pixels",
        "nats per pixel",
        "even its most surprising pixels surprise the model less than those of {most}",
        "its most surprising pixels are less likely than those of {most}",
        "Mean of the 40 largest surprises: a few impossible pixels are lost in a sum over all.",
    ),
    "spread": ScoreWords(
        "spread of surprise",
        "nats",
        "its surprise is spread more evenly over the pixels than in {most}",
        "its surprise is concentrated on fewer pixels than in {most}",
        "Standard deviation of the surprise over the pixels.",
    ),
    "clustering": ScoreWords(
        "clustering of surprise",
        "product",
        "its surprising pixels are more scattered than in {most}",
        "its surprising pixels form a patch, more than in {most}: one part looks unlike any {noun}",
        "Whether surprising pixels are neighbours. For a picture that the model drew itself, 0 on average.",
    ),
    "complexity_png": replace(
        _LENGTH,
        title="complexity (PNG)",
        means="−log₂ p(x) less the length of a PNG file: is it hard because it is complex, or because it is unusual?",
    ),
    "complexity_webp": replace(
        _LENGTH,
        title="complexity (WebP)",
        means="−log₂ p(x) less the length of a lossless WebP file.",
    ),
    "likelihood_ratio": ScoreWords(
        "likelihood ratio",
        "nats",
        "a background model, trained on corrupted {many}, comes closer to it than to {most}: right texture, wrong "
        "shape",
        "the model prefers it to a background model's pictures more than {most}",
        "log p(x) less that of a background model, trained on pictures with a fifth of their pixels replaced.",
    ),
    "reconstruction": ScoreWords(
        "VAE: reconstruction",
        "nats",
        "the VAE reconstructs it worse than {most}",
        "the VAE reconstructs it better than {most}",
        "How well it survives the way through the VAE's latent space: E log p(x | z).",
    ),
    "kl": ScoreWords(
        "VAE: code",
        "nats",
        "its code in the VAE says less than those of {most}",
        "its code in the VAE lies farther out than those of {most}",
        "What its code costs the VAE: KL(q(z | x) ‖ p(z)).",
    ),
}

FEATURE_WORDS = ScoreWords(
    "second test: the classifier's features",
    "cosine distance",
    "to the classifier it looks more like a training {noun} than {most}",
    "to the classifier it looks less like any training {noun} than {most}",
    "How far it is from the nearest of 1,000 training {many} in the classifier's last hidden layer. This test has a "
    "quarter of the false alarms, and the scores above together have the rest.",
)
"""What the second test measures, which is none of the scores."""
