"""Finding by brute force: every rule of the ranking over every product, without an index."""

from collections.abc import Sequence

from actors.search.asked import Question, read
from actors.search.findable import Findable
from actors.search.stemming import stem
from actors.search.text import code, code_parts, joined, signs, words

LANGUAGE = "en"


def stems(of: set[str]) -> set[str]:
    return {stem(word, LANGUAGE) for word in of}


def distance(one: str, other: str) -> int:
    """Edits between two words, by recursion on their ends."""
    known: dict[tuple[int, int], int] = {}

    def between(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        if (i, j) not in known:
            ways = [between(i - 1, j) + 1, between(i, j - 1) + 1, between(i - 1, j - 1) + (one[i - 1] != other[j - 1])]
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                ways.append(between(i - 2, j - 2) + 1)
            known[i, j] = min(ways)
        return known[i, j]

    return between(len(one), len(other))


class Brute:
    """A product's words, in sets."""

    def __init__(self, entry: Findable) -> None:
        self.entry = entry
        self.order = words(entry.title) + signs(entry.title)
        self.title = set(self.order)
        self.joined = joined(entry.title)
        self.stems = stems(set(words(entry.title)))
        texts = [(words(text), signs(text), joined(text)) for text in entry.keys]
        named = {word for kinds in texts for kind in kinds for word in kind}
        self.keys = named.union(*(code_parts(text) for text in entry.codes))
        self.near = set(words(entry.title)) | self.stems | named | stems(named)
        self.body = stems(set(words(entry.body)))
        self.wholes = {" ".join(words(entry.title) or self.order), *map(code, entry.codes)}

    def word(self, asked: Sequence[str], place: int, may_have_typos: bool) -> float:
        word, is_last = asked[place], place == len(asked) - 1
        form = stem(word, LANGUAGE)
        begins = is_last or len(word) >= 3
        pairs = {asked[i] + asked[i + 1] for i in (place - 1, place) if 0 <= i < len(asked) - 1}
        letters = 0 if any(letter.isdigit() for letter in word) else len(word)
        most = (2 if letters >= 8 else 1 if letters >= 4 else 0) if may_have_typos else 0
        near = min([distance(word, other) for other in self.near] if most else [99], default=99)
        near_form = min([distance(form, other) for other in self.near] if most else [99], default=99)
        begun_near = (
            most
            and is_last
            and any(distance(word, other[:size]) <= 1 for other in self.near for size in range(len(other) + 1))
        )
        scores = [
            8.0 * (word in self.title),
            6.5 * (word in self.keys),
            7.0 * (form in self.stems),
            6.0 * (begins and any(other.startswith(word) for other in self.title)),
            5.5 * (word in self.joined or bool(pairs & self.title)),
            5.0 * (begins and any(other.startswith(word) for other in self.keys)),
            3.0 * (min(near, near_form) <= 1),
            2.0 * bool(begun_near),
            1.2 * (most > 1 and near <= 2),
            1.0 * (form in self.body),
        ]
        return max(scores)

    def knows(self, word: str) -> bool:
        form = stem(word, LANGUAGE)
        begun = any(other.startswith(word) for other in self.title | self.keys)
        return begun or word in self.joined or form in self.stems or form in self.body

    def score(self, asked: Sequence[str], wholes: Sequence[str], misspelt: Sequence[bool], least: int) -> float:
        """0 if it is not found."""
        each = [self.word(asked, place, may) for place, may in enumerate(misspelt)]
        whole = 100.0 if self.wholes & set(wholes) else 0.0
        runs = [self.order[start : start + len(asked)] for start in range(len(self.order))]
        in_order = 2.0 if len(asked) > 1 and list(asked) in runs else 0.0
        fits = sum(score > 0 for score in each) >= least
        return (sum(each) if fits else 0.0) + whole + in_order


def passes(entry: Findable, question: Question, but: str = "") -> bool:
    low, high = question.price
    chosen = {name for name in (*question.filters, *question.spans) if name != but}
    return (
        all(_fits(entry, question, name) for name in chosen)
        and (but == "price" or (low or 0) <= entry.price <= (1 << 40 if high is None else high))
        and (entry.is_in_stock or not question.in_stock)
    )


def _fits(entry: Findable, question: Question, name: str) -> bool:
    if set(question.filters.get(name, ())) & set(entry.facets.get(name, ())):
        return True
    return any(
        (span.low is None or number >= span.low) and (span.high is None or number <= span.high)
        for span in question.spans.get(name, ())
        for number in entry.numbers.get(name, ())
    )


def find(entries: Sequence[Findable], question: Question, now_us: int) -> dict[str, float]:
    """The products that are found, with their scores."""
    asked = read(question.q)
    every = [Brute(entry) for entry in entries]
    visible = [each for each in every if each.entry.visible_from <= now_us < each.entry.visible_until]
    if not question.q.strip():
        return {each.entry.id: 0.0 for each in visible}
    count = len(asked.words)
    unknown = [not any(each.knows(word) for each in every) for word in asked.words]
    readings = [(unknown, count), ([True] * count, count), ([True] * count, -(-count // 2))]
    for misspelt, least in readings if count else ():
        scores = {each.entry.id: each.score(asked.words, asked.wholes, misspelt, least) for each in visible}
        if found := {product_id: score for product_id, score in scores.items() if score > 0}:
            return found
    return {}


def count(entries: Sequence[Findable], question: Question, now_us: int, name: str) -> dict[str, int]:
    """How many products that are found have each value of a facet, its own filter left out."""
    found = find(entries, question, now_us)
    counted: dict[str, int] = {}
    for entry in entries:
        if entry.id in found and passes(entry, question, but=name):
            for value in set(entry.facets.get(name, ())):
                counted[value] = counted.get(value, 0) + 1
    return counted
