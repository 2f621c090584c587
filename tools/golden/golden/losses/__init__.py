"""One file a loss, named like its id in snake case. See the README for what a file holds."""
