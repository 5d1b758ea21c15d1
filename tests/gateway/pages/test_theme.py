"""The owner's colour on paper and by night."""

import re

import pytest

from bus.messages.colours import READABLE, contrast
from gateway.pages.theme import stylesheet

DAY = ("#fdfefd", "#f1f4f1")
NIGHT = ("#101513", "#19201d", "#222b27")  # The grounds of style.css.


@pytest.mark.parametrize("accent", ["#1f5c4a", "#000000", "#7a1f1f", "#22308f", "#8a4b00", "#5b2a86"])
def test_letters_can_be_read_by_day_and_by_night(accent: str) -> None:
    css = stylesheet(accent)
    day, night = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in css.split("@media"))

    for tokens, grounds in ((day, DAY), (night, NIGHT)):
        assert all(contrast(tokens["accent"], ground) >= READABLE for ground in grounds)
        assert contrast(tokens["accent"], tokens["accent-ink"]) >= READABLE
    assert contrast("#1b2521", day["accent-wash"]) >= READABLE
    assert contrast("#e6ece8", night["accent-wash"]) >= READABLE
