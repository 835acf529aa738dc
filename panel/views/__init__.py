"""What pages show, made from what was read: pure functions, rows in and plain dicts out."""
