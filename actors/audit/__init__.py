"""What spans domains: whether they agree with each other, and what waits for a person."""
