# `make demo` runs the main job on this machine; `make test` proves it. Both install what they need.
