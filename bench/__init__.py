"""What ShopFlow does in a second, beside what it is compared with, always in one run: these machines are noisy."""
