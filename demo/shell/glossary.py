"""Words of the subject, each explained in one sentence where it stands, with a measure from daily life."""

from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Word:
    """A word and what it means.

    Attributes:
        english: The meaning, in one sentence or two short ones.
        chinese: The same.
    """

    english: str
    chinese: str


GLOSSARY = {
    "nats": Word(
        "A unit of information: 1 nat is 1.44 bits. A picture at −405 nats would need a file of 73 bytes.",
        "信息量的单位：1 奈特等于 1.44 比特。一张 −405 奈特的图片，可以压缩成 73 字节的文件。",
    ),
    "bits per value": Word(
        "How many bits a perfect compressor built from the model would spend per number of the picture; an "
        "uncompressed grey level takes 8.",
        "用这个模型做成的理想压缩器，平均每个数值要花多少比特；不压缩的灰度值要花 8 比特。",
    ),
    "log p(x)": Word(
        "The logarithm of the probability that the model gives to exactly this picture. It is negative; nearer to zero "
        "is likelier, and 0.7 more means twice as likely.",
        "模型恰好生成这张图片的概率的对数。它是负数，越接近零越可能；每增加 0.7，概率就翻一倍。",
    ),
    "likelihood": Word(
        "The probability that the model gives to what was observed. A likely picture need not look typical, just as a "
        "coin that mostly lands heads hardly ever lands only heads.",
        "模型给观测到的数据的概率。似然高的图片未必典型：偏向正面的硬币，连掷多次也几乎不会全是正面。",
    ),
    "surprise": Word(
        "−log p of what happened, in nats: 0 for a certainty, 0.7 for a coin toss, 1.8 for a roll of a die.",
        "所发生之事的 −log p，以奈特计：必然之事为 0，抛一次硬币是 0.7，掷一次骰子是 1.8。",
    ),
    "entropy": Word(
        "The surprise to expect before it happens: 0 when the model is certain, 5.5 nats when all 256 greys are "
        "equally likely.",
        "事情发生之前预期的意外程度：模型完全确定时为 0；256 级灰度等可能时为 5.5 奈特。",
    ),
    "prior": Word(
        "What the model assumes before it sees a picture: codes are spread like a bell curve around zero.",
        "看到图片之前的假设：编码服从以零为中心的钟形分布（先验分布）。",
    ),
    "posterior": Word(
        "What remains possible after the picture was seen: a small cloud of codes that could have produced it.",
        "看到图片之后仍然可能的编码：一小团可能生成它的点（后验分布）。",
    ),
    "KL": Word(
        "How far one distribution is from another, in nats: here, what it costs to send the code of a picture. 0 means "
        "that a dimension says nothing.",
        "两个分布相差多远，以奈特计；在这里就是传送一张图片的编码要花多少。某一维为 0，说明它什么也没说。",
    ),
    "ELBO": Word(
        "A lower bound on log p(x): how well the picture is rebuilt, less the cost of its code. The true value is "
        "never below it.",
        "log p(x) 的下界：重建得有多好，减去编码的代价。真实值绝不会低于它。",
    ),
    "IWAE": Word(
        "A tighter lower bound on log p(x), from many random codes weighted by how well each explains the picture.",
        "log p(x) 的更紧的下界：取许多随机编码，按各自解释图片的好坏加权平均。",
    ),
    "latent": Word(
        "Not seen, only inferred: a few numbers from which the decoder paints the whole picture, like the settings "
        "behind a drawing.",
        "看不见、只能推断的量：几个数字，解码器由它们画出整张图片，好比一幅画背后的旋钮。",
    ),
    "temperature": Word(
        "Divides the logits before each draw: below 1 the likeliest greys win more often, above 1 the odds even out. 1 "
        "is the model itself.",
        "每次抽样前用它去除 logits：小于 1 时最可能的灰度更常胜出，大于 1 时机会趋于均等；1 就是模型本身。",
    ),
    "p-value": Word(
        "The share of real pictures that are at least as unusual as this one: p = 0.03 is 3 in 100.",
        "在真实图片中，至少和这张一样反常的占多少：p = 0.03 即 100 张里有 3 张。",
    ),
    "false-alarm rate": Word(
        "Of 100 real pictures, how many are called unreasonable by mistake.",
        "每 100 张真实图片中，有多少张被误判为不合理。",
    ),
    "AUROC": Word(
        "Given one outlier and one real picture, how often the outlier is rated the more unusual: 1 is always, 0.5 a "
        "coin toss.",
        "给出一张异常图片和一张真实图片，异常的那张被评为更反常的频率：1 是每次都对，0.5 等于抛硬币。",
    ),
    "outlier": Word(
        "A picture that does not come from what the model was trained on: a letter among digits, a shoe, noise.",
        "不属于训练数据的图片：数字里的一个字母、一只鞋、一片噪声。",
    ),
    "calibration": Word(
        "Whether stated confidence is right: of all answers given with 80 % confidence, 80 % should be correct.",
        "所说的把握是否属实：凡以 80 % 的把握作出的回答，应有 80 % 是对的。",
    ),
    "classifier": Word(
        "A network that answers only which class, never whether the picture is of any class at all.",
        "只回答“是哪一类”的网络，从不回答“它到底属不属于任何一类”。",
    ),
    "density": Word(
        "A model that gives every picture a probability; all of them together add up to 1.",
        "给每一张图片一个概率的模型；所有图片的概率加起来等于 1。",
    ),
    "Bayes' rule": Word(
        "Turns the probability of the picture given each class into the probability of each class given the picture.",
        "把“给定类别时图片的概率”换算成“给定图片时类别的概率”。",
    ),
    "guidance": Word(
        "Exaggerates what the label changes: clearer pictures of the class, less variety, and no longer the model's "
        "own probability.",
        "夸大类别标签带来的变化：图片更像那一类，但花样变少，而且不再是模型本身的概率。",
    ),
    "Fréchet distance": Word(
        "How far drawn pictures are from real ones, as clouds of points in what a classifier sees: by middle and "
        "shape. Less is better; the dashed line is what real pictures reach.",
        "画出的图片与真实图片相差多远：在分类器看到的特征空间里，比较两团点的中心和形状。越小越好；虚线是真实图片所能达到的。",
    ),
    "coverage": Word(
        "The share of real pictures that have a drawn one near them: it falls when a model draws ever the same.",
        "真实图片当中，附近有画出的图片的所占的比例：模型总画差不多的东西时，它就变小。",
    ),
    "mean": Word(
        "The average of all that could be drawn; averages look blurry.",
        "所有可能画出的图片的平均；平均总显得模糊。",
    ),
    "pixel": Word(
        "One square of the picture; a digit has 28 × 28 = 784 of them.",
        "图片的一个小方格；一个数字有 28 × 28 = 784 个。",
    ),
    "seed": Word(
        "The number from which all the dice of a drawing follow: the same seed, the same dice.",
        "一次绘制的全部骰子都由这个数决定：种子相同，骰子就相同。",
    ),
}
"""Every word, as it is written within a sentence."""

ALIASES = {"bits per pixel": "bits per value", "bits/dim": "bits per value", "nat": "nats", "p": "p-value"}
"""Other ways to write one of them."""


def word(term: str, shown: str | None = None) -> str:
    """A word with its meaning, which is shown where the pointer, a finger or the keyboard's focus is.

    Args:
        term: One of :data:`GLOSSARY` or :data:`ALIASES`.
        shown: What stands on the page, if not the term itself; it is text.

    Returns:
        HTML.

    Raises:
        KeyError: There is no such word.
    """
    if ALIASES.get(term, term) not in GLOSSARY:
        raise KeyError(f"{term!r} is not explained; add it to the glossary.")
    return f'<span class="word" tabindex="0" data-word="{escape(term)}">{escape(shown or term)}</span>'


def glossary_json() -> dict[str, Any]:
    """What the page's script needs: the meanings in English by word, which are translated as any other text."""
    meanings = {term: entry.english for term, entry in GLOSSARY.items()}
    return meanings | {alias: meanings[term] for alias, term in ALIASES.items()}
