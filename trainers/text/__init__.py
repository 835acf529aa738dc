"""Training of emotion heads and word vectors."""
