"""What pm and its logger have agreed upon."""

MESSAGE = 65536  # longest message in bytes
BATCH = 64  # most records of a message
