"""What a message costs in memory: tell and ask, through ShopFlow's bus and through what people would use instead."""
