"""Never deployed: simulated worlds, evaluations, benches."""
