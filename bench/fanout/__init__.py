"""Live stock to very many clients: ShopFlow's edge, its peers, and the limit of the machine."""
