"""Cookies of a request. Pure."""


def cookie_values(header: str) -> dict[str, str]:
    """Read a Cookie header. One that can't be read has no cookies; of two with one name neither counts."""
    values: dict[str, str] = {}
    for part in header.split(";"):
        name, is_pair, value = part.strip().partition("=")
        if is_pair:
            values[name] = "" if name in values else value
    return values
