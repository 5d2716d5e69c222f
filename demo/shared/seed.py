"""A field for a seed, as far as the browser sees to it: a question to the server would take longer than the drawing."""

from demo.base.checks import SHORT_SEEDS
from demo.base.words import message_html


def draw_seed(tab: str) -> str:
    """A script that gives a new seed.

    The second press of a double click keeps the seed of the first: two drawings that begin at once may arrive in any
    order.

    Args:
        tab: The tab's id.
    """
    return f"""() => {{
    const last = window.{tab}_seed ?? {{ at: -Infinity }}, now = performance.now();
    const seed = now - last.at < 500 ? last.seed : Math.floor({SHORT_SEEDS} * Math.random());
    window.{tab}_seed = {{ at: now, seed }};
    return seed;
}}"""


def check_seed(last: int, problem: str) -> str:
    """A script that says what is wrong with a seed, for the place below its field.

    Gradio's own message there, on the server's word, goes away with the next answer to anything. The server refuses
    what is wrong all the same.

    Args:
        last: The largest seed.
        problem: What is said of any other.
    """
    return f"seed => Number.isInteger(seed) && seed >= 0 && seed <= {last} ? '' : {message_html(problem)!r}"
