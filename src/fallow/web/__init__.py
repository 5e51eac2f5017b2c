"""Face two, web: pages and a map over one register. The door: serve it, or get its application."""

from fallow.web.serving import application, serve

__all__ = ["application", "serve"]
