"""The panel "How accurate is it?": the figures of a detector's card as a picture, beside published ones."""

import re
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from demo.base.errors import sentence
from demo.base.words import message_html
from demo.judge.judgement import Judgement
from demo.shared.models import Models
from gm_core import Card, CheckpointError, Metric
from gm_core.data.catalog import CATALOG, DataSet, Published, dataset_of
from gm_core.studies import DETECTORS

FAR = {
    **{name: f"{record.many} ({record.title})" for name, record in CATALOG.items() if not record.same_as},
    "noise": "noise",
    "constants": "uniform grey",
    "gradients": "gradients",
    "checkerboards": "checkerboards",
    "textures": "wave textures",
    "pixels_shuffled": "its own, pixels shuffled",
    "patches_shuffled": "its own, patches shuffled",
    "inverted": "its own, inverted",
}
"""Sets of clear outliers, as a card names them, and in words."""

NEAR = {
    "two_overlaid": "two overlaid",
    "blurred": "blurred",
    "rotated_by_90": "rotated by 90°",
    "flipped_left_to_right": "flipped left to right",
    "flipped_upside_down": "flipped upside down",
}
"""Sets made of a detector's own pictures that may well be reasonable."""

PREPARED = {
    "test_images": "test {many} as they are",
    "photographed": "{many}, photographed",
    "drawn_on_pad": "{many}, drawn on a pad",
    "blank_paper": "blank paper, photographed",
    "constants": "uniform grey",
}
"""What was prepared to be judged, as a card names it, and in words where the card's are not plain."""

WORDS = """<p>AUROC: given one outlier and one real {noun}, how often is the outlier ranked as the more unusual? 1 is
always, 0.5 a coin toss; below that, outliers look <i>more</i> usual than {many}.</p>"""

DETAILS = """<details><summary>What the numbers are</summary>
<p>The dots are <b>AUROC</b>, the area under the curve of detections against false alarms: the chance that an outlier's
score is higher than that of a test picture, ties counting half. <b>Caught at 5 %</b> is the share with
a conformal p-value of at most 0.05. The detector was fitted and calibrated on pictures of its own kind alone;
neither it nor its models saw the test pictures.</p>
<p>{protocol}</p>
<p>Source: <cite translate="no">J. Hanley and B. McNeil, <i>The Meaning and Use of the Area under a Receiver Operating
Characteristic (ROC) Curve</i>, 1982</cite>.</p></details>"""

CSS = (Path(__file__).parent / "measured.css").read_text()


class MeasuredPanel:
    """What the card of the judging detector says: false alarms, and how well it does against sets of outliers.

    Args:
        models: The app's models.
    """

    def __init__(self, models: Models) -> None:
        self.models = models
        self.dataset = gr.State()  # whose figures are shown
        self.html = gr.HTML(css_template=CSS, apply_default_css=False, elem_id="judge-measured")

        self.inputs, self.outputs = [self.dataset], [self.dataset, self.html]

    def follow(self, judgement: Judgement | None, shown: str | None) -> tuple[Any, ...]:
        """The figures of the detector that judged; left alone while they are shown."""
        name = judgement.dataset if judgement else None
        return name, gr.skip() if name == shown else self.show(name)

    def show(self, dataset: str | None) -> str:
        """The figures of a data set's detector; nothing before anything was judged."""
        if dataset is None:
            return ""
        try:
            return figures_html(dataset, self.models.card(DETECTORS.name(dataset)))
        except CheckpointError as error:
            return message_html(f"No figures of a detector of {dataset_of(dataset).many}: {sentence(error)}")


def set_words(name: str) -> str:
    """A set of outliers in words."""
    return (FAR | NEAR).get(name, name.replace("_", " "))


def figures_html(name: str, card: Card) -> str:
    """A detector's figures.

    Args:
        name: Its data set.
        card: Its card.
    """
    dataset, metrics = dataset_of(name), {metric.name: metric for metric in card.metrics}
    sets = [key.removeprefix("auroc_") for key in metrics if key.startswith("auroc_")]
    far = "".join(_row(name, which, metrics) for which in sets if which not in NEAR)
    near = "".join(_row(name, which, metrics) for which in sets if which in NEAR)
    if not sets:
        return f'<div class="measured">{_rates(metrics, dataset.many)}<p>Not measured against outliers yet.</p></div>'
    shift = f"Near shifts: {dataset.many} changed a little; some of these may well be reasonable"
    return (
        f'<div class="measured">{_rates(metrics, dataset.many)}{WORDS.format(noun=dataset.noun, many=dataset.many)}'
        '<p class="key"><span><i></i>by log p(x) alone, the naive detector</span>'
        '<span><i class="full"></i>by the whole detector</span><span><i class="toss"></i>a coin toss</span></p>'
        '<table><thead><tr><th scope="col">shown</th><th scope="col" class="plot"><span class="axis">'
        '<span style="left:0">0</span><span style="left:50%">coin toss</span><span style="left:100%">1</span></span>'
        '</th><th scope="col">log p(x) alone</th><th scope="col">whole detector</th>'
        '<th scope="col">caught at 5 %</th></tr></thead>'
        f"<tbody>{far}"
        f'{f"""<tr class="shift"><th colspan="5" scope="rowgroup">{shift}</th></tr>{near}""" if near else ""}'
        f"</tbody></table>{_preparation_table(metrics, dataset)}"
        f"{DETAILS.format(protocol=_protocol(sets, metrics))}</div>"
    )


def _rates(metrics: dict[str, Metric], many: str) -> str:
    """How often pictures of the known kind were refused, beside the accepted rate."""
    rates = [metric for key, metric in metrics.items() if key.startswith("false_alarm_rate_at_")]
    if not rates:
        return ""
    counted = re.search(r"the ([\d,]+) test images", rates[0].protocol)
    of = f"{counted[1]} test {many}" if counted else f"test {many}"
    parts = "".join(
        f"<span><b>{100 * metric.value:.1f} %</b> (target {100 * float(metric.name.rsplit('_', 1)[1]):g} %)</span>"
        for metric in rates
    )
    return f'<p class="rates"><span>False alarms among {of}:</span>{parts}</p>'


def _preparation_table(metrics: dict[str, Metric], dataset: DataSet) -> str:
    """What became of photographs and drawings, and of outliers, on their way through the preparation."""
    shares = {key.removeprefix("reasonable_"): metric for key, metric in metrics.items() if "reasonable_" in key}
    if not shares:
        return ""
    rows = "".join(
        f'<tr><th scope="row" title="{escape(metric.protocol)}">'
        f"{escape(PREPARED[name].format(many=dataset.many) if name in PREPARED else _kind(name))}</th>"
        f'<td class="plot"><span class="dots share"><i class="way" style="left:0;width:{100 * metric.value:.1f}%"></i>'
        f'</span></td><td class="all">{100 * metric.value:.1f} %</td></tr>'
        for name, metric in shares.items()
    )
    return (
        "<h3>Does preprocessing let outliers pass?</h3><p>Pictures of other sizes, brought to the form of "
        f"{dataset.many} as yours is; the photographs are simulated: ink on paper, off-centre, uneven light, grain, "
        "out of focus, JPEG. Called reasonable at 5 %:</p>"
        '<table class="prepared"><thead><tr><th scope="col">prepared</th>'
        '<th scope="col" class="plot"></th><th scope="col">reasonable</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _kind(name: str) -> str:
    """A kind of prepared picture in words; some come both large, as from a camera, and at the models' own size."""
    kind, small = name.removesuffix("_28"), name.endswith("_28")
    return set_words(kind) + (", 28×28" if small else ", large" if kind in FAR else "")


def _protocol(sets: list[str], metrics: dict[str, Metric]) -> str:
    """How many pictures were compared, in words."""
    counts = {which: metrics[f"auroc_{which}"].protocol.split(" outliers")[0] for which in sets}
    usual = max(counts.values(), key=list(counts.values()).count)
    other = ", ".join(f"{count} of {set_words(which)}" for which, count in counts.items() if count != usual)
    against = metrics[f"auroc_{sets[0]}"].protocol.rsplit(" against ", 1)[-1]
    return escape(f"Pictures: {usual} of each kind{f' ({other})' if other else ''}, against {against}.")


def _row(dataset: str, which: str, metrics: dict[str, Metric]) -> str:
    """One set of outliers."""
    auroc = metrics[f"auroc_{which}"]
    naive, caught = (metrics.get(f"{kind}_{which}") for kind in ("naive_auroc", "detection_rate"))
    full, hollow = auroc.value, naive.value if naive else None
    low, high = min(full, full if hollow is None else hollow), max(full, full if hollow is None else hollow)
    says = f"AUROC {full:.3f}" + ("" if hollow is None else f", by log p(x) alone {hollow:.3f}")
    dot = "" if hollow is None else f'<i class="dot" style="left:{100 * hollow:.1f}%"></i>'
    published = "; ".join(map(_source_line, dataset_of(dataset).published.get(which, ())))
    return (
        f'<tr><th scope="row" title="{escape(auroc.protocol)}">{escape(set_words(which))}</th>'
        f'<td class="plot"><span class="dots" role="img" aria-label="{says}"><i class="toss"></i>'
        f'<i class="way" style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></i>{dot}'
        f'<i class="dot full" style="left:{100 * full:.1f}%"></i></span></td>'
        f'<td class="naive"><span class="label">log p(x) </span>{"" if hollow is None else f"{hollow:.3f}"}</td>'
        f'<td class="all"><span class="label">whole detector </span>{full:.3f}</td>'
        f'<td class="caught"><span class="label">caught </span>'
        f"{f'{100 * caught.value:.1f} %' if caught else ''}</td></tr>"
        + (f'<tr class="published"><td colspan="5">Published: {published}.</td></tr>' if published else "")
    )


def _source_line(figure: Published) -> str:
    """A published figure with its source."""
    return f'{escape(figure.words)} (<a href="{escape(figure.url)}" translate="no">{escape(figure.authors)}</a>)'
