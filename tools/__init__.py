"""Programs for whoever works on ShopFlow: what is written from the code, so that it can't drift."""
