"""Views of products, forgotten wherever they are kept once the product has changed."""
