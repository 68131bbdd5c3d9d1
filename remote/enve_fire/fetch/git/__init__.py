"""Git: from a reference to a commit, from a commit to a folder."""
