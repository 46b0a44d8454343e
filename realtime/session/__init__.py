"""One learner's talk: the thin code that carries out what the pure parts decide."""
