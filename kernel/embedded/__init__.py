"""One command runs everything: the supervisor, the embedded servers and the launchers of `bin/`.

`launch`, `install`, `console` and `paths` are read by the system's Python before the
project's environment exists, so they import the standard library and each other alone.
"""
