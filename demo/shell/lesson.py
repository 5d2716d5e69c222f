"""The lesson: a guided path of eight steps through the tabs. Each sets everything that it talks about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """A step of the lesson.

    Attributes:
        title: What it is called.
        text: What to try and to see, in one sentence or two.
        title_zh: The title in Chinese.
        text_zh: The text in Chinese.
        tab: Where it takes place.
        view: Which view of the tab; the first when left out.
        fields: What the tab's fields are to be, by their names in the address; the others are at their defaults.
    """

    title: str
    text: str
    title_zh: str
    text_zh: str
    tab: str
    view: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


STEPS = (
    Step(
        "A die per pixel",
        "Each pixel is a roll of a die, loaded by the pixels before it. Move over the picture: the bars are the die of "
        "that pixel.",
        "每个像素一颗骰子",
        "每个像素都像掷一次骰子，而骰子的偏向由前面的像素决定。把指针移到图上：条形图就是那个像素的骰子。",
        "draw",
    ),
    Step(
        "Same dice, other class",
        "Hold a digit key, or choose another class: the random numbers stay the same, only the label changes. What of "
        "the picture stays?",
        "同样的骰子，另一个类别",
        "按住一个数字键，或者换一个类别：随机数不变，变的只是标签。图里还有什么没变？",
        "draw",
        fields={"class": "4"},
    ),
    Step(
        "Your half, its endings",
        "Erase the lower half: the model draws it anew, several times. Every ending fits your half; no two are alike.",
        "你画一半，它来续写",
        "擦掉下半部分，模型会重画好几次。每个结局都和你那一半相配，却各不相同。",
        "draw",
        fields={"class": "7", "pictures": "4", "given": "half"},
    ),
    Step(
        "The blind spot",
        "What does this pixel depend on? The original PixelCNN misses a wedge up and to the right: it never saw those "
        "pixels, though they were drawn before.",
        "盲区",
        "这个像素取决于哪些像素？原始 PixelCNN 漏掉了右上方的一块楔形：那些像素虽然先画好了，它却从没看到。",
        "draw",
        fields={
            "model": "mnist-pixelcnn-original",
            "look": "depends",
            "beside": "mnist-pixelcnn-gated",
            "pixel": "402",
        },
    ),
    Step(
        "What temperature does",
        "At 0.1 the likeliest grey wins nearly every time, and hardly a digit is left: the likeliest picture is no "
        "digit. Raise it to 1, the model itself, and on to noise.",
        "温度的作用",
        "温度为 0.1 时，几乎总是最可能的灰度胜出，数字所剩无几：最可能的图片并不是数字。"
        "升到 1 就是模型本身，再高便成了噪声。",
        "draw",
        fields={"class": "7", "temperature": "0.1"},
    ),
    Step(
        "A map of digits",
        "Two numbers per digit: this plane is all that the VAE knows. Move over it, and find the place where a 4 "
        "becomes a 9.",
        "数字的地图",
        "每个数字只用两个数表示：这个平面就是 VAE 知道的一切。在上面移动指针，找出 4 变成 9 的地方。",
        "walk",
        "map",
    ),
    Step(
        "Where likelihood fails",
        "Sorted by log p(x) alone, simple pictures come out above real digits. A density can be high where nothing "
        "real ever lies.",
        "似然失灵之处",
        "只按 log p(x) 排序，简单的图片竟排在真实数字之前。密度高的地方，未必有真实的图片。",
        "judge",
        "likelihood",
    ),
    Step(
        "Would you trust it?",
        "A classifier must answer, whatever it is shown. Scribble on the picture: when should the answer be “neither”?",
        "你会相信它吗？",
        "不管给它看什么，分类器都必须作答。在图上乱涂几笔：什么时候该回答“都不是”？",
        "judge",
    ),
)
"""The steps, in their order."""


def lesson_json() -> list[dict[str, Any]]:
    """What the page's script needs of each step."""
    return [
        {"title": step.title, "text": step.text, "go": {"tab": step.tab, "view": step.view, **step.fields}}
        for step in STEPS
    ]
