"""PostgreSQL and Valkey out of wheels, for a shop that has neither."""
