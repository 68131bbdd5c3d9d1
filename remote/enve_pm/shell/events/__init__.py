"""What pm sleeps on: the loop, its timers, the pipes, and the one seam to the operating system."""
