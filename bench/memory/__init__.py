"""Messages in memory: the cost of tell and ask, through ShopFlow's bus and through its peers."""
