"""Says that it is ready, and then every two seconds that it is alive (sd_notify(3))."""

import os
import socket
import time

with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as pm:
    pm.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
    pm.send(b"READY=1")
    while True:
        pm.send(b"WATCHDOG=1")
        time.sleep(2)
