"""The fraud stage: behaviour features, detectors and cases of credentials that read like scripts."""
