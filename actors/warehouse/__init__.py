"""Pick lists and parcels."""
