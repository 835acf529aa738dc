"""Content, creator and hashtag statistics as aggregation pipelines."""
