"""Pure: names, hashes, marks, profiles, urls. Nothing in here acts."""
