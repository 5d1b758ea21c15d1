"""Pictures of goods: checked, made small, and kept under names that never change."""
