"""Benchmarks: ShopFlow beside its peers, always in one run, because the machines are noisy."""
