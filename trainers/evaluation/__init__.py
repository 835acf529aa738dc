"""Walk-forward evaluation: metrics, baselines, reports."""
