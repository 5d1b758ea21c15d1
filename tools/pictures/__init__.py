"""The pictures of the sample goods: drawn by a script from a page of shapes."""
