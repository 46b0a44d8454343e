"""What the README claims, each as one command: `python -m benchmarks.NAME`."""
