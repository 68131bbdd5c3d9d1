"""One stage each: checkout, build, settle, install, setup, final."""
