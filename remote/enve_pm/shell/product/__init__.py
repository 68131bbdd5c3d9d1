"""Files that plans name: blobs taken into the store, and placed in the directories of spots."""
