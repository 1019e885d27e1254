"""WordPress's error form: ``{"code", "message", "data": {"status"}}``, or with a bare number for ``data``."""

from ..dialect import Call, Reply


class Problem(Exception):  # noqa: N818 - the dialect's own word for it
    """The call is answered with an error.

    Args:
        status: The HTTP status.
        code: WordPress's slug.
        message: In the site's language.
        data: The bare number that refunds carry instead of an object.
        params: What is wrong with which parameter.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        data: int | None = None,
        params: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.data: object = {"status": status} | ({"params": params} if params else {}) if data is None else data

    def reply(self, *headers: tuple[str, str]) -> Reply:
        """As an answer."""
        return Reply.json(self.status, {"code": self.code, "message": self.message, "data": self.data}, *headers)


def died(call: Call, status: int, message: str) -> Reply:
    """What WordPress says when it cannot go on: JSON to whom accepts it, else a page."""
    if "json" in call.headers.get("accept", ""):
        body = {"code": "wp_die", "message": message, "data": {"status": status}, "additional_errors": []}
        return Reply.json(status, body)
    page = Reply.html(status, "There is a problem")
    return Reply(status, page.body, (*page.headers, ("retry-after", "600")))


def wrong_parameter(name: str) -> Problem:
    """The 400 for a parameter or a member of a body."""
    return Problem(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: f"{name} is wrong."})


def is_number(text: str) -> bool:
    """Whether a text is the digits of an id."""
    return text.isascii() and text.isdigit() and len(text) <= 20
