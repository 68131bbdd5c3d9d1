"""HOME: state as plain files, read and written without being led astray."""
