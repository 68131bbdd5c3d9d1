"""What pm, the holder of its terminals and those who join them have agreed upon.

pm to the holder, one message a terminal: `NAME LF ROWS LF COLUMNS` with the terminal's master
beside it and, where the unit has a log, the pipe to that; `NAME` alone: it is gone.

Who joins sends and gets messages whose first byte says what they are.
"""

from __future__ import annotations

MESSAGE = 65536  # longest message in bytes
FOLDER = "terminals"  # in HOME, for nobody but its owner
SOCKET = "socket"  # ... in it

# from who joins
JOIN = b"J"  # NAME LF ROWS LF COLUMNS LF HOW
SIZE = b"S"  # ROWS LF COLUMNS
KEYS = b"K"  # what was typed
WATCH = "watch"  # HOW: types nothing and changes no size
TYPE = "type"  # HOW

# from the holder
OUTPUT = b"O"
NOTICE = b"N"  # a line for people
END = b"E"  # CODE SPACE TEXT: the last message
