"""The stages: a commit is fetched, built, installed, set up and run, each cached by a hash.

Standard library only, Python >= 3.8. On a node pm runs it as a child process; on somebody's own
machine `enve fire` does. It never sees YAML: profiles come rendered, as strict JSON.
"""
