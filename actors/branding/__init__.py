"""The shop's identity: its name, logo, colour and notices."""
