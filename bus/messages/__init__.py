"""The public messages, a file per domain. Senders and handlers import them from here."""
