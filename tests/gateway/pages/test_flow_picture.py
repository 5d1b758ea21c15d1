"""The picture of the flow: everybody has a place of their own, and few arrows lead back."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.admin.flow_picture import FlowBox, draw, layers_of

NAMES = st.sampled_from("abcdefgh")
PAIRS = st.sets(st.tuples(NAMES, NAMES), max_size=30)


def test_a_chain_stands_in_a_row() -> None:
    assert layers_of([("a", "b"), ("b", "c"), ("a", "c")]) == [["a"], ["b"], ["c"]]


def test_of_a_circle_one_arrow_leads_back() -> None:
    picture = draw([("a", "b"), ("b", "c"), ("c", "a")])

    assert sum(line.is_back for line in picture.lines) == 1


def test_nothing_is_a_picture_too() -> None:
    assert draw([]).boxes == draw([("a", "a")]).boxes == []


@given(PAIRS)
def test_boxes_lie_in_the_picture_and_on_no_other(pairs: set[tuple[str, str]]) -> None:
    picture = draw(pairs)
    boxes = list(picture.boxes)

    assert {box.name for box in boxes} == {name for pair in pairs if pair[0] != pair[1] for name in pair}
    assert {(line.publisher, line.subscriber) for line in picture.lines} == {pair for pair in pairs if len({*pair}) > 1}
    for place, box in enumerate(boxes):
        assert box.width / 2 <= box.x <= picture.width - box.width / 2
        assert box.height / 2 <= box.y <= picture.height - box.height / 2
        assert not any(_overlap(box, other) for other in boxes[:place])


@given(PAIRS)
def test_lines_lead_forward_but_for_those_that_say_so(pairs: set[tuple[str, str]]) -> None:
    picture = draw(pairs)

    assert all(line.path.startswith("M") for line in picture.lines)
    forward = [line for line in picture.lines if not line.is_back]
    places = {box.name: box.x for box in picture.boxes}
    assert all(places[line.publisher] < places[line.subscriber] for line in forward)


def _overlap(one: FlowBox, other: FlowBox) -> bool:
    return abs(one.x - other.x) < one.width and abs(one.y - other.y) < (one.height + other.height) / 2
