"""Archives: what packs them, and their way into a folder."""
