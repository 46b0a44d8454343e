"""What it takes to run here: the machine, its profile, its models, and what is wrong with any of them."""
