"""Jobs of the fraud stage: extraction, training, prediction, verdicts."""
