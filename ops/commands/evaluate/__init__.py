"""`feedpulse evaluate SUBJECT`: one command a subject; lab/evaluate computes the figures."""
