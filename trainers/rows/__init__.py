"""Training rows: requests and sampled negatives."""
