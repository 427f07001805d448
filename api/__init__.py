"""What posg does, as functions of Python; the command line calls them too."""
