"""The fields of the index, and the name of the folder that holds them."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from tantivy import Index, Schema, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

VERSION: Final = 3  # Of the rules that make documents of products: an index that others made is built anew.

# Each field's kind, and what it holds. Words arrive cut and folded, so they are split at spaces only.
FIELDS: Final = {
    "id": ("value", "The product's id, or that of the place."),
    "title": ("text", "Words of the title, in order."),
    "whole": ("value", "The whole title in words, and each SKU and barcode in one."),
    "joined": ("words", "What neighbours in the title make together."),
    "stems": ("words", "Stems of the title's words, and the parts of compounds."),
    "keys": ("words", "Words of brand, categories, choices and SKUs."),
    "near": ("words", "What a misspelt word may have been: the words of title and keys, and their stems."),
    "body": ("words", "Stems of the description."),
    "within": ("value", "Ids of its categories."),
    "facets": ("facets", "Values to filter by, and to count."),
    "numbers": ("facets", "Values of numeric attributes, in millionths, to filter by ranges of them."),
    "named": ("order", "The facets that it has values of, each with its title if only products know that."),
    "order": ("order", "The title, as lists are sorted in the shop's language."),
    "price": ("number", "The lowest price in minor units, with a tie-break."),
    "in_stock": ("number", "1 or 0."),
    "added": ("number", "Its place among all products by when they were added."),
    "timed": ("value", "Whether there are times at which it is not shown; of the place too, which never is."),
    "visible_from": ("number", "Microseconds since 1970."),
    "visible_until": ("number", "Microseconds since 1970; from then on it is not found."),
    "weight": ("weight", "What sells, as a tie-break."),
    "shown": ("stored", "The title as written."),
    "revision": ("stored number", "Of the product."),
    "seq": ("stored number", "Of the place: the last change that this index holds."),
    "layout": ("stored number", "Of the place: the number of what its documents are made by."),
}


@cache
def schema() -> Schema:
    """Make the schema of the index."""
    builder = SchemaBuilder()
    for name, (kind, _) in FIELDS.items():
        match kind:
            case "value":
                builder.add_text_field(name, stored=name == "id", tokenizer_name="raw", index_option="basic")
            case "text":
                builder.add_text_field(name, tokenizer_name="words", index_option="position")
            case "words":
                builder.add_text_field(name, stored=name == "keys", tokenizer_name="words", index_option="basic")
            case "facets":
                builder.add_json_field(name, fast=True, tokenizer_name="raw", index_option="basic")
            case "order":
                builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
            case "number":
                builder.add_integer_field(name, fast=True)
            case "weight":
                builder.add_float_field(name, fast=True)
            case "stored":
                builder.add_text_field(name, stored=True, tokenizer_name="raw", index_option="basic")
            case _:
                builder.add_integer_field(name, stored=True)
    return builder.build()


def folder_name(language: str) -> str:
    """Name the folder of an index: another schema, version or language is another folder."""
    facts = repr((VERSION, sorted((name, kind) for name, (kind, _) in FIELDS.items()), language))
    return f"{hashlib.sha256(facts.encode()).hexdigest()[:12]}-{language}"


def open_index(folder: Path) -> Index:
    """Open the index in a folder, or make an empty one there.

    Raises:
        ValueError: A file of it is missing, torn, or of another schema.
    """
    index = Index(schema(), path=str(folder))
    index.register_tokenizer("words", TextAnalyzerBuilder(Tokenizer.whitespace()).build())
    index.config_reader(reload_policy="manual")
    return index
