"""A unit's process: how it is started and told apart, with which rights, limits and sockets."""
