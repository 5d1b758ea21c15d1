"""ShopFlow: one program that runs a whole shop. This file is its entry point; `wiring/` is the map of what it is."""

import gc

if __name__ == "__main__":
    gc.disable()  # What is imported stays. To look for garbage in it, again and again, took a third of every start.

from cli.app import app

if __name__ == "__main__":
    gc.freeze()
    gc.enable()
    app()
