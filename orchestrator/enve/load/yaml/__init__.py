"""YAML files: read with the place of every node, and a node as the value that a loader wants."""
