# What was built knows its version.
test "$($OUT$PREFIX/bin/greet --version)" = "greet $(cat VERSION)"
