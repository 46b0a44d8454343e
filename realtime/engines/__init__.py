"""The borders behind which the engines stand, and their HTTP clients."""
