"""What may be asked and what is said, a file per domain. Whoever speaks and whoever listens import it from here."""
