"""The catalogue of data sets: one record each, and every fact about a data set stands there and nowhere else.

A new data set is one entry of :data:`CATALOG`. All that depends on the data set asks its record, by :func:`dataset_of`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gm_core.data.preparation import CLOTHES, DIGITS, PHOTOGRAPHS, Form
from gm_core.data.readers import Arrays, FirstOf, Idx, Reader, Sheets, SplitSheet, Torchvision, TorchvisionOmniglot

Splits = Literal["last held out", "in the data", "test only", "by content"]
"""How data are split: the last training images are held out (:data:`gm_core.data.datasets.HELD_OUT`); the data says
it of every image; all are for testing; or a picture's pixels decide (:func:`gm_core.data.user_folder.own_parts`)."""


@dataclass(frozen=True)
class Seeds:
    """Seeds of what is there before a user has chosen any.

    Attributes:
        picture: Of a picture that the data set's PixelCNN draws.
        drawings: Of first drawings, by the model's name: a classifier reads every class of theirs as it was asked for.
        point: Of a point in the latent space of its VAE; in a wide one, the number of a held-out picture.
        examples: Of pictures to be judged.
        rebuilt: Of pictures by its PixelCNN that keep their class in latent spaces; the first is there on arrival.
    """

    picture: int = 0
    drawings: Mapping[str, int] = field(default_factory=dict)
    point: int = 13
    examples: tuple[int, int, int] = (6, 11, 18)
    rebuilt: tuple[int, ...] = ()


@dataclass(frozen=True)
class Published:
    """A published figure of how well outliers are told from a data set's pictures.

    Attributes:
        words: What was measured, and the AUROC.
        authors: Of the paper, and its year.
        url: Its address.
    """

    words: str
    authors: str
    url: str


@dataclass(frozen=True)
class LineUp:
    """Pictures to be ranked by how likely the data set's model finds them.

    Attributes:
        own: What its model draws for it: the class that it is asked for, by the picture's name.
        others: Names of the other pictures, in order: plain ones, noise, or what another data set's line-up has of
            its own.
        measured: Sets of outliers whose figures say how it ends with many pictures.
    """

    own: Mapping[str, int]
    others: tuple[str, ...]
    measured: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSet:
    """All that is known of a data set.

    Attributes:
        name: What commands and checkpoints call it.
        title: What people call it.
        one: One of its pictures, with an article.
        many: Several.
        adjective: What is left out of these two where it goes without saying.
        figure: What of a picture is not background.
        another: A picture of another class than the one before.
        form: How its pictures were made, and so their size and channels.
        levels: Levels of a pixel: 256, or 2 where models see its pictures in black and white, drawn anew whenever they
            look.
        classes: What each label means; empty where only the data knows.
        reader: How its files are read; None for a folder of a user's own pictures.
        splits: How it is split.
        licence: What its makers allow.
        credit: Who made it, to be named with it.
        source: Where it comes from.
        same_as: The data set whose pictures these are, where they are only shown in another way.
        attributes: The two of :data:`gm_core.studies.atlas.attributes.ATTRIBUTES` that are worth measuring.
        seeds: Of what is there on arrival.
        pixelcnn: The checkpoint that draws its pictures; ``NAME-pixelcnn`` where nothing else is said.
        density: The checkpoint that judges pictures; ``pixelcnn`` where nothing else is said.
        feature_test: Whether its classifier's features are a second test of its detector: where that is known to help.
        outliers: What is shown to its classifier as being of no class: a data set's pictures, or some that need no
            data, see :func:`gm_core.studies.detector.outliers.outliers_named`.
        asked: Classes that its model is asked for where some of its drawings are shown, and what they are called.
        line_up: Pictures to be ranked, if they are.
        published: Published figures, by the data set whose pictures are the outliers.
    """

    name: str
    title: str
    one: str
    many: str
    adjective: str = ""
    figure: str = "the subject"
    another: str = "something else"
    form: Form = PHOTOGRAPHS
    levels: int = 256
    classes: tuple[str, ...] = ()
    reader: Reader | None = None
    splits: Splits = "last held out"
    licence: str = ""
    credit: str = ""
    source: str = ""
    same_as: str = ""
    attributes: tuple[str, str] = ("brightness", "warmth")
    seeds: Seeds = Seeds()
    pixelcnn: str = ""
    density: str = ""
    feature_test: bool = False
    outliers: str = "mnist"
    asked: Mapping[int, str] = field(default_factory=dict)
    line_up: LineUp | None = None
    published: Mapping[str, tuple[Published, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Fill in the usual names of checkpoints."""
        object.__setattr__(self, "pixelcnn", self.pixelcnn or f"{self.name}-pixelcnn")
        object.__setattr__(self, "density", self.density or self.pixelcnn)

    @property
    def image(self) -> tuple[int, int, int]:
        """Channels, height and width of its pictures."""
        return self.form.channels, self.form.size, self.form.size

    def example_seed(self, nth: int) -> int:
        """The seed of one of its examples; every number has one, and 0 is there on arrival."""
        known = self.seeds.rebuilt or (self.seeds.picture,)
        return known[nth % len(known)] if nth == 0 or self.seeds.rebuilt else nth

    @property
    def noun(self) -> str:
        """One of its pictures, without an article."""
        return self.one.split(" ", 1)[1]

    @property
    def full(self) -> str:
        """Its pictures and its name."""
        return f"{self.adjective} {self.many} ({self.title})".strip()

    @property
    def label(self) -> str:
        """Its pictures where one chooses among data sets: those of one's own have nothing but the name to tell them."""
        return self.many if self.name in CATALOG else f"{self.many} ({self.title})"

    @property
    def classifier(self) -> str:
        """The checkpoint that names its classes."""
        return f"{self.name}-classifier"

    @property
    def vae(self) -> str:
        """The checkpoint that bounds the density of its pictures from below."""
        return f"{self.name}-vae"

    @property
    def detector_parts(self) -> dict[str, str]:
        """The checkpoints that its detector is made of, by the part they play."""
        return {
            "pixelcnn": self.density,
            "background": f"{self.name}-pixelcnn-background",
            "vae": self.vae,
            **({"classifier": self.classifier} if self.feature_test else {}),
        }


_DIGITS = tuple("0123456789")

CATALOG: dict[str, DataSet] = {
    record.name: record
    for record in (
        DataSet(
            name="mnist",
            title="MNIST",
            one="a digit",
            many="digits",
            adjective="handwritten",
            figure="the strokes",
            another="another digit",
            form=DIGITS,
            classes=_DIGITS,
            reader=Idx("MNIST"),
            licence="CC BY-SA 3.0",
            credit="Y. LeCun, C. Cortes and C. J. C. Burges",
            source="yann.lecun.com/exdb/mnist, by torchvision",
            attributes=("thickness", "slant"),
            seeds=Seeds(
                picture=39,  # a six that is taken for nothing else
                drawings={
                    "mnist-pixelcnn": 74,
                    "mnist-pixelcnn-gated": 20,
                    "mnist-pixelcnn-original": 6,
                    "mnist-diffusion": 6,
                    "mnist-flow-matching": 59,
                },
                rebuilt=(256, 51, 45, 132, 87, 68, 57, 79, 155, 2, 22, 98, 150, 56, 71, 99),
            ),
            # Not its best: the one with a palette learns a letter's own levels as it reads, and is less surprised.
            density="mnist-pixelcnn-gated",
            feature_test=True,
            outliers="fashion",
            asked={digit: f"digit {digit}" for digit in range(10)},
            line_up=LineUp(
                own={"a 3": 3, "a 7": 7},
                others=("plain black", "plain grey", "plain white", "a sneaker", "noise"),
                measured=("constants", "omniglot"),
            ),
        ),
        DataSet(
            name="mnist-binary",
            title="binarised MNIST",
            one="a digit in black and white",
            many="digits in black and white",
            adjective="handwritten",
            figure="the strokes",
            another="another digit",
            form=DIGITS,
            levels=2,
            classes=_DIGITS,
            reader=Idx("MNIST"),
            licence="CC BY-SA 3.0",
            credit="Y. LeCun, C. Cortes and C. J. C. Burges",
            source="yann.lecun.com/exdb/mnist, by torchvision",
            same_as="mnist",
            attributes=("thickness", "slant"),
            seeds=Seeds(drawings={"mnist-binary-pixelcnn": 6}),
            outliers="fashion",
        ),
        DataSet(
            name="fashion",
            title="Fashion-MNIST",
            one="a piece of clothing",
            many="clothes",
            figure="the garment",
            form=CLOTHES,
            classes=(
                *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
                *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            ),
            reader=Idx("FashionMNIST"),
            licence="MIT",
            credit="H. Xiao, K. Rasul and R. Vollgraf, copyright (c) 2017 Zalando SE",
            source="github.com/zalandoresearch/fashion-mnist, by torchvision",
            attributes=("brightness", "width"),
            seeds=Seeds(picture=6, point=202, drawings={"fashion-pixelcnn": 46, "fashion-flow-matching": 90}),
            asked={0: "T-shirt", 1: "trousers", 5: "sandal", 7: "sneaker", 8: "bag", 9: "ankle boot"},
            line_up=LineUp(
                own={"a shirt": 0, "a sneaker": 7, "a bag": 8},
                others=("a 3", "a 7", "plain black", "plain grey"),
                measured=("mnist", "constants"),
            ),
            published={
                "mnist": (
                    Published(
                        "likelihood of a PixelCNN about 0.09, likelihood ratio 0.994",
                        "Ren et al., 2019",
                        "https://arxiv.org/abs/1906.02845",
                    ),
                    Published(
                        "input complexity with a PixelCNN++ 0.967",
                        "Serrà et al., 2020",
                        "https://arxiv.org/abs/1909.11480",
                    ),
                    Published("density of states 1.00", "Morningstar et al., 2021", "https://arxiv.org/abs/2006.09273"),
                )
            },
        ),
        DataSet(
            name="omniglot",
            title="Omniglot",
            one="a letter",
            many="letters of 50 alphabets",
            figure="the strokes",
            another="another letter",
            form=DIGITS,
            reader=FirstOf((Arrays("omniglot/small.npz"), TorchvisionOmniglot())),
            splits="test only",
            licence="MIT",
            credit="B. M. Lake, R. Salakhutdinov and J. B. Tenenbaum (Science, 2015)",
            source="github.com/brendenlake/omniglot, by torchvision",
            attributes=("thickness", "slant"),
        ),
        DataSet(
            name="cifar10",
            title="CIFAR-10",
            one="a photograph",
            many="photographs",
            form=PHOTOGRAPHS,
            classes=(
                *("airplane", "automobile", "bird", "cat", "deer"),
                *("dog", "frog", "horse", "ship", "truck"),
            ),
            reader=FirstOf(
                (
                    Sheets("cifar10", tests=10_000),
                    Torchvision("CIFAR10", "cifar-10-batches-py", "cifar-10-python.tar.gz"),
                )
            ),
            licence="none was published; cite the report",
            credit="A. Krizhevsky, V. Nair and G. Hinton; Learning Multiple Layers of Features from Tiny Images, 2009",
            source="www.cs.toronto.edu/~kriz/cifar.html, by torchvision",
            seeds=Seeds(picture=6, point=30),  # a landscape
            pixelcnn="cifar10-pixelcnnpp",
        ),
        DataSet(
            name="emoji",
            title="Emoji",
            one="an emoji",
            many="emoji",
            form=PHOTOGRAPHS,
            classes=(
                *("smileys & emotion", "people & body", "animals & nature", "food & drink"),
                *("travel & places", "activities", "objects", "symbols", "flags"),
            ),
            reader=SplitSheet("emoji/emoji.webp", "emoji/labels.npz", label="category"),
            splits="in the data",
            licence="Apache 2.0 and CC BY 4.0",
            credit="Noto Emoji by Google (Apache 2.0); Twemoji, (c) Twitter, Inc and other contributors (CC BY 4.0)",
            source="the sheets of the npm packages emoji-datasource-google and emoji-datasource-twitter 16.0.0",
            seeds=Seeds(point=78),  # a broad smile
            pixelcnn="emoji-pixelcnnpp",
        ),
    )
}
"""Every data set by its name, in the order in which a page shows them."""

NO_DATA = "textures"
"""Outliers that need no data, for a folder of a user's own pictures: it holds no others."""

FIRST = next(iter(CATALOG.values()))
"""The data set that a page begins with."""


def dataset_of(name: str) -> DataSet:
    """The record of a data set; of a name that is not in the catalogue, that of a folder of a user's own pictures.

    Args:
        name: For instance ``"mnist"``, or the name that :func:`gm_core.data.user_folder.own_name` gives a folder.
    """
    return CATALOG.get(name) or folder_record(name)


def folder_record(name: str) -> DataSet:
    """The record of a folder of a user's own pictures, which are photographs to all models.

    Args:
        name: The data set's, whatever the catalogue has of that name.
    """
    known = first_of(PHOTOGRAPHS)  # whose recipes train on the folder
    return DataSet(
        name=name,
        title=name,
        one="a picture",
        many="pictures",
        form=PHOTOGRAPHS,
        splits="by content",
        pixelcnn=name + known.pixelcnn.removeprefix(known.name),
        outliers=NO_DATA,
    )


def form_of(dataset: str) -> Form:
    """The form of a data set's pictures; of any that is not known by name, that of photographs.

    Args:
        dataset: For instance ``"mnist"``, ``"mnist-binary"`` or ``"fashion"``.
    """
    return dataset_of(dataset).form


def first_of(form: Form) -> DataSet:
    """The first data set whose pictures have a form."""
    return next(record for record in CATALOG.values() if record.form is form)


def outliers_to(name: str) -> list[DataSet]:
    """The data sets whose pictures are outliers to models of another.

    Args:
        name: The other's.
    """
    own = {name, dataset_of(name).same_as}
    return [record for record in CATALOG.values() if record.name not in own and not record.same_as]


def place_of(name: str) -> int:
    """Where a data set stands in the catalogue; those that are not in it come last."""
    return [*CATALOG, name].index(name)
