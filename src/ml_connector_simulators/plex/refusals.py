"""What Plex answers when it refuses (fact sheet §1b, §4, table of errors)."""

from __future__ import annotations

from ..exchange import Answer


class RefusedError(Exception):
    """Ends the processing of a request with an error answer; `detail` is one (code, message) of `errors`."""

    def __init__(self, status: int, code: str, message: str, detail: tuple[str, str] | None = None, **headers: str):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.headers = headers

    def answer(self, form: str) -> Answer:
        """`form` is the switch `error_body`; a 401 never has `errors`."""
        if form == "text":
            return Answer.of(self.message.encode(), "text/plain; charset=utf-8", self.status, **self.headers)
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if form == "full" and self.detail:
            body["errors"] = [{"code": self.detail[0], "message": self.detail[1]}]
        return Answer.json(body, self.status, **self.headers)


def not_authenticated() -> RefusedError:
    """Bad key, forbidden tenant or unsubscribed API product: the body does not tell which (§0, §1b)."""
    return RefusedError(401, "REQUEST_NOT_AUTHENTICATED", "The request could not be authenticated.")


def bad_argument(name: str, text: str) -> RefusedError:
    message = f"The value '{text}' of '{name}' is not valid."
    return RefusedError(400, "ARGUMENT_INVALID", message, ("ARGUMENT_INVALID", message))


def forbidden(message: str) -> RefusedError:
    return RefusedError(403, "FORBIDDEN", message)


def not_found() -> RefusedError:
    return RefusedError(404, "RESOURCE_NOT_FOUND", "The resource could not be found.")


def not_allowed(method: str) -> RefusedError:
    return RefusedError(405, "METHOD_NOT_ALLOWED", f"{method} is not supported here.")


def too_many(over_limit: str, **headers: str) -> RefusedError:
    if over_limit == "403":
        return RefusedError(403, "FORBIDDEN", "The quota of calls has been used up.")
    return RefusedError(429, "TOO_MANY_REQUESTS", "Too many requests.", None, **headers)
