"""Walk-forward evaluation: metrics, baselines, reports, A/B tests."""
