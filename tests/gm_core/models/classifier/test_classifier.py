"""A classifier learns what it is shown, repeats itself, and says what it cannot take."""

from dataclasses import replace

import pytest
import torch

import gm_core
from gm_core import Classifier, ClassifierConfig
from gm_core.checkpoints import FAMILIES
from gm_core.data.datasets import Images
from gm_core.evaluation import evaluate
from gm_core.models import ImageShape
from gm_core.training.loop import train
from gm_core.training.recipes import Recipe
from tests.helpers import loss_of

CONFIG = ClassifierConfig(image=ImageShape(height=8, width=8), classes=4, width=4, hidden=16, dropout=0.25)


def squares(n: int, seed: int) -> Images:
    """A noisy square in one of the four corners, which is its class."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(4, (n,), generator=generator)
    images = torch.randint(190, (n, 1, 8, 8), generator=generator, dtype=torch.uint8)
    for image, label in zip(images[:, 0], labels.tolist(), strict=True):
        image[4 * (label // 2) :, 4 * (label % 2) :][:4, :4] += 65
    return Images(images, labels, ("north-west", "north-east", "south-west", "south-east"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Classifier:
    """Trained by the loop that trains every model."""
    recipe = Recipe("squares-classifier", "none", CONFIG, 150, 16, 5e-3, warmup=10, ema=0.9)
    directory = tmp_path_factory.mktemp("runs")
    run = train(recipe, squares(400, 0), squares(50, 1), directory=directory, device=torch.device("cpu"), quiet=True)
    assert isinstance(run.model, Classifier)
    return run.model


def test_it_learns_to_tell_corners_apart(trained):
    test = squares(200, 2)
    accuracy, nll, error, noise = evaluate(trained, test, quiet=True)
    assert (accuracy.name, nll.name, error.name, noise.name) == (
        "accuracy", "nll", "calibration_error", "confident_on_noise",
    )  # fmt: skip
    assert accuracy.value > 0.95
    assert nll.value == pytest.approx(float(loss_of(trained, test.images, test.labels)), rel=1e-4, abs=1e-6)
    assert 0 <= error.value < 0.1
    assert 1 / 4 <= noise.value <= 1


def test_probabilities_sum_to_one_whatever_it_is_shown(trained):
    noise = torch.randint(256, (5, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    posterior = trained.posterior(noise)
    assert posterior.batch_shape == (5,)
    assert posterior.probs.shape == (5, 4)
    torch.testing.assert_close(posterior.probs.sum(dim=1), torch.ones(5))
    torch.testing.assert_close(posterior.logits, trained.logits(noise).log_softmax(dim=1))


def test_pictures_in_colour_are_told_by_their_colour():
    model = Classifier(replace(CONFIG, image=replace(CONFIG.image, channels=3))).eval()
    colours = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    for channel in range(3):
        colours[channel, channel] = 255
    logits = model.logits(colours)
    assert not torch.allclose(logits[0], logits[1]) and not torch.allclose(logits[1], logits[2])
    with pytest.raises(ValueError, match=r"\(B, 3, H, W\)"):
        model.logits(colours[:, :1])
    with pytest.raises(ValueError, match="1 or 3 channels, not 2"):
        replace(CONFIG, image=replace(CONFIG.image, channels=2))


def test_dropout_is_drawn_from_the_generator_in_training_and_absent_afterwards():
    torch.manual_seed(0)
    model, data = Classifier(CONFIG).requires_grad_(False), squares(16, 0)

    def loss(seed: int) -> float:
        return float(loss_of(model, data.images, data.labels, torch.Generator().manual_seed(seed)))

    assert loss(0) == loss(0) != loss(1)
    model.eval()
    assert loss(0) == loss(1)
    generator = torch.Generator().manual_seed(0)
    mean = torch.tensor([float(loss_of(model.train(), data.images, data.labels, generator)) for _ in range(200)]).mean()
    assert float(mean) == pytest.approx(float(loss_of(model.eval(), data.images, data.labels)), rel=0.02)


def test_wrong_input_is_named():
    model = Classifier(CONFIG)
    with pytest.raises(ValueError, match="8x8, not 9x9"):
        model.logits(torch.zeros(1, 1, 9, 9, dtype=torch.uint8))
    with pytest.raises(ValueError, match="must be uint8"):
        model.posterior(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match="class is known"):
        loss_of(model, torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.tensor([-1]))
    for change in ({"image": ImageShape(height=6, width=8)}, {"classes": 0}, {"dropout": 1.0}, {"dropout": -0.1}):
        with pytest.raises(ValueError, match=r"multiples of 4|cannot have|dropout"):
            replace(CONFIG, **change)


@pytest.mark.parametrize("name", ["mnist-classifier", "fashion-classifier"])
def test_the_shipped_classifier_knows_its_classes_and_is_small(name):
    model, card = gm_core.load(name, "cpu"), gm_core.read_card(name)
    assert isinstance(model, FAMILIES["classifier"])
    assert card.parameters < 500_000
    # It is as good as the study of its data set found it to be, and better than a density by Bayes' rule.
    study = gm_core.read_card(f"{card.dataset}-bayes")
    assert card.metric("accuracy").value == pytest.approx(study.metric("classifier_accuracy").value, abs=1e-4)
    assert card.metric("accuracy").value > study.metric("pixelcnn_accuracy").value
    # Both models number the classes alike: what one draws as a class the other finds to be of it, far above chance.
    labels = torch.arange(10).repeat(3)
    drawn = gm_core.load(name.replace("classifier", "pixelcnn"), "cpu").sample(
        30, labels, torch.Generator().manual_seed(0), 0.8
    )
    assert (model.posterior(drawn).probs.argmax(dim=1) == labels).double().mean() >= 0.5
