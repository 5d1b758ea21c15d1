"""The commands: what people type, and what is printed to them."""
