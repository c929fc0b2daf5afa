"""The web pages with which IIS answers where no application does."""

from __future__ import annotations

from ..exchange import Answer

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized: Access is denied due to invalid credentials.",
    403: "Forbidden: Access is denied.",
    404: "File or directory not found.",
    405: "HTTP verb used to access this page is not allowed.",
    414: "Request-URI Too Long",
    503: "Service Unavailable",
}


def page(status: int) -> Answer:
    """An IIS error page."""
    text = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">'
        f"<html><head><title>{status} - {_TITLES[status]}</title></head>"
        f"<body><h1>Server Error</h1><h2>{status} - {_TITLES[status]}</h2></body></html>"
    )
    return Answer.of(text.encode(), "text/html", status)
