"""Statistics, karma, cascades, texts and the columns of the rankers."""
