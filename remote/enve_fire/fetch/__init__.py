"""From a url to a folder or a file: git, archives, folders, entries of stores."""
