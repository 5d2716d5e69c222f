"""What is wrong with something a client sent, and the two ways to say so: as an error on the page, or as an answer."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import gradio as gr

from gm_core import CheckpointError, PictureError
from gm_core.text import UserError

P = ParamSpec("P")
R = TypeVar("R")

Message = Mapping[str, object]
Answer = Callable[[Any], Message]


class InputError(UserError, ValueError):
    """Something that a client sent is not as it must be; the message says so to its sender."""


SHOWN = (InputError, PictureError, CheckpointError)
"""Errors whose message is for the user."""


def sentence(error: Exception) -> str:
    """What an error says, with a capital letter at the beginning, unless that is a file's name, and a full stop."""
    words = str(error)
    if "." not in words.split(" ", 1)[0]:
        words = words[:1].upper() + words[1:]
    return words if words.endswith((".", "!", "?")) else f"{words}."


def show_errors(handler: Callable[P, R]) -> Callable[P, R]:
    """Let a handler's errors appear on the page as one sentence; everything else on it stays as it was.

    Args:
        handler: A handler of an event, or a generator of its values. What it raises of :data:`SHOWN` becomes a
            ``gr.Error`` without a traceback in the server's log; all else is an error of the server.
    """
    if inspect.isgeneratorfunction(handler):

        @wraps(handler)
        def steps(*args: P.args, **kwargs: P.kwargs) -> Iterator[Any]:
            try:
                yield from cast(Iterator[Any], handler(*args, **kwargs))
            except SHOWN as error:
                raise page_error(error) from None

        return cast(Callable[P, R], steps)

    @wraps(handler)
    def step(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except SHOWN as error:
            raise page_error(error) from None

    return step


def page_error(error: Exception) -> gr.Error:
    """An error as the page shows it."""
    return gr.Error(sentence(error), title="Not possible", print_exception=False)


def answer_errors(answer: Answer) -> Answer:
    """Let a server function answer ``{"error": one sentence}`` where it raises one of :data:`SHOWN`.

    Args:
        answer: From a question, which is always an object, to an answer.
    """

    @wraps(answer)
    def answer_or_error(question: Any) -> Message:
        try:
            if not isinstance(question, dict):
                raise InputError("A question must be an object.")
            return answer(question)
        except SHOWN as error:
            return {"error": sentence(error)}

    return answer_or_error
