"""Face two, web: a thin outer layer of pages and a map over one register. The door: serve it, or get its application."""

from fallow.web.serving import application, serve

__all__ = ["application", "serve"]
