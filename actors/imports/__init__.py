"""Goods files, read into catalog, inventory and pictures piece by piece."""
