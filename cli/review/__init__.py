"""A preview of every stage for a pull request: made where nothing is trusted, published where nothing of it is run."""
