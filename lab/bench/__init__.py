"""What `feedpulse bench` runs."""
