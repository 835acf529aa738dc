"""Language, topics and emotions of posts."""
