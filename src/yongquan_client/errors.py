"""What can come instead of an answer."""


class Refused(Exception):
    """The platform said no. `code` is stable; `title` and `title_en` are for people; nothing was done."""

    def __init__(self, status: int, code: str, *, title: str, title_en: str, detail: str, reason: str) -> None:
        super().__init__(f"{code}: {detail or title_en or title}")
        self.status = status
        self.code = code
        self.title = title
        self.title_en = title_en
        self.detail = detail
        self.reason = reason


class Outage(Exception):
    """No answer, or 503: the outcome is unknown. Send the same call again, or ask what became of it."""
