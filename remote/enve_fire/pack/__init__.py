"""makepkg: what was built as a tar archive, the same bytes whoever packs it."""
