"""The child that gets a signed stream from elsewhere and hands it to pm: from a file, a url, or
what a program prints. It runs with the rights of the unit that it works for, and is trusted with
nothing: pm judges what it brings like what comes through the pipe.
"""
