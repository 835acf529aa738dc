"""What every personal request shares, computed once an hour."""
