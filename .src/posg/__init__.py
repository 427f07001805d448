"""posg: specify, check, compile and solve games with shared and private information."""

__version__ = "0.1.0"
__all__ = ["__version__"]
