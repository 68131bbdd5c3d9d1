"""Install: an artifact in its place, alone there or among others."""
