"""Errors reach the page as sentences."""

from demo.base.errors import InputError, answer_errors


def test_a_refused_question_is_answered_in_a_sentence() -> None:
    def refuse(_: object) -> dict[str, object]:
        raise InputError("the point is too far out.")

    assert answer_errors(refuse)({}) == {"error": "The point is too far out."}
    assert answer_errors(refuse)([]) == {"error": "A question must be an object."}
