"""Pure functions that turn stored rows into what templates show."""
