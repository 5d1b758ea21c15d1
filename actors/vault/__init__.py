"""The keys under which personal data is sealed."""
