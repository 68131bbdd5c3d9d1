"""Signed streams on their way in: taken, verified, judged, kept; and what they make pm want."""
