"""Rights of a person: what the shop keeps of them, shown and forgotten, with a proof."""
