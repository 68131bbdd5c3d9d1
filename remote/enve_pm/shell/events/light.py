"""`signal` and `socket` as the C modules have them: the same names, numbers instead of enums.

The enums of the two public modules cost the resident program 1 MB that nothing here asks for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
else:
    try:
        import _signal as signal
        import _socket as socket
    except ImportError:  # another Python than CPython
        import signal
        import socket

__all__ = ["signal", "socket"]
