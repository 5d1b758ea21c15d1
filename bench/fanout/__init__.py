"""Live stock to very many clients: ours, what people would use instead, and the limit of the machine."""
