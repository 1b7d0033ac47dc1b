"""puts it together: settings, ASGI app, command line, sign-in; the only room that knows all others."""

__version__ = "0.1.0"
