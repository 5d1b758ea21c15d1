"""If-Match: an edit is made only of what its editor has seen. Source: RFC 9110, 13.1.1; RFC 6585, 3."""

import re
from typing import Annotated, Final, TypeAlias

from litestar.params import HeaderParameter

from gateway.problems import Problem

IfMatch: TypeAlias = Annotated[
    str | None, HeaderParameter(name="If-Match", description="The `ETag` of what was read, or `*` for any.")
]

_ETAG: Final = re.compile(r'"([0-9]{1,18})"')
_NO_REVISION: Final = -1


def etag(revision: int) -> dict[str, str]:
    """Make the header that names a revision."""
    return {"ETag": f'"{revision}"'}


def expected_revision(if_match: str | None) -> int | None:
    """Read the revision that an edit expects; None for any. A tag that was never given out matches none."""
    if if_match is None or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match.strip())
    return int(found[1]) if found else _NO_REVISION


def required_revision(if_match: str | None) -> int:
    """Read the revision that an edit must name.

    Raises:
        Problem: 428: it names none.
    """
    expected = expected_revision(if_match)
    if expected is None:
        raise Problem(428, "precondition_required", "Read it first, and send its ETag as If-Match.")
    return expected
