"""The words about rooms that the way in needs, which starts anew for each process: see `room`."""

NONE = "none"  # in place of a network unit: a network of its own with nothing but lo
# How many users a jail with users of its own has: all below the one that files in it seem to belong
# to whose owner it does not know.
USERS = 65534
# What gives a unit a view of its own. Who is not root keeps it with `no_new_privs`: a program with
# more rights than its caller must not be shown a system that the caller has chosen.
VIEWS = frozenset(("private_tmp", "read_only", "hidden", "namespaces", "hostname"))
