"""A bisection finds each culprit alone, in order, in few tries."""

from itertools import pairwise
from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from engine.bisection import Bisection


class Search:
    """A batch that has failed as a whole, and is worked off as a turn does it."""

    def __init__(self, size: int, culprits: set[int]) -> None:
        self.culprits = culprits
        self.ended: list[int] = []  # In the order in which they ended, passed or failed.
        self.found: list[int] = []
        self.tries: list[int] = []  # The size of each.
        self.left = list(range(size))
        self.bisection = Bisection(size)

    def run(self) -> "Search":
        while self.left:
            self.step()
        return self

    def step(self) -> None:
        size = self.bisection.next_size(len(self.left))
        assert 1 <= size <= len(self.left)
        self.tries.append(size)
        if not self.culprits & set(self.left[:size]):
            self.bisection.passed(size)
            self.end(size)
        elif self.bisection.failed(size):
            self.found += self.left[:1]
            self.end(1)

    def end(self, size: int) -> None:
        self.ended += self.left[:size]
        del self.left[:size]


@st.composite
def batches(draw: st.DrawFn) -> tuple[int, set[int]]:
    size = draw(st.integers(2, 100))
    return size, draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=draw(st.sampled_from((1, 3, 100)))))


@given(batch=batches())
def test_each_culprit_is_found_alone_and_all_others_pass_in_their_order(batch: tuple[int, set[int]]) -> None:
    size, culprits = batch

    search = Search(size, culprits).run()

    assert search.found == sorted(culprits)
    assert search.ended == list(range(size))


@given(batch=batches())
def test_the_number_of_tries_is_bounded(batch: tuple[int, set[int]]) -> None:
    size, culprits = batch
    halvings = ceil(log2(size)) + 1

    search = Search(size, culprits).run()

    assert len(search.tries) <= (2 * len(culprits) + 1) * halvings
    assert len(search.tries) <= 2 * size + halvings


@given(size=st.integers(2, 100), data=st.data())
def test_one_culprit_costs_a_try_for_each_halving_and_the_rest_one(size: int, data: st.DataObject) -> None:
    culprit = data.draw(st.integers(0, size - 1))

    search = Search(size, {culprit}).run()

    assert len(search.tries) <= ceil(log2(size)) + 2


@given(size=st.integers(2, 100))
def test_if_all_are_culprits_they_are_soon_tried_one_by_one(size: int) -> None:
    search = Search(size, set(range(size))).run()

    assert all(after <= before for before, after in pairwise(search.tries[ceil(log2(size)) ** 2 :]))
    assert len(search.tries) <= size + ceil(log2(size) + 1) ** 2


@given(batch=batches(), lost=st.integers(0, 20))
def test_whatever_leaves_the_batch_in_between_each_culprit_is_found(batch: tuple[int, set[int]], lost: int) -> None:
    size, culprits = batch
    search = Search(size, culprits)
    for _ in range(lost):
        if search.left:
            search.step()
    gone = set(search.left[::3])
    search.left = [each for each in search.left if each not in gone]
    search.bisection.forget()

    search.run()

    assert search.found == sorted(culprits - gone)
    assert search.ended == sorted(set(range(size)) - gone)
