"""`feedpulse evaluate SUBJECT`: one command for each subject; lab/evaluate computes the figures."""
