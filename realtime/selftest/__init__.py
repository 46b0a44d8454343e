"""`tutor selftest`: the engines that run here are heard, read, asked and talked with, into one report."""
