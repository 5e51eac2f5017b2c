"""Face one, the command line: one file a verb, no rules inside. The door: ``fallow.cli:main``.

Only click is imported before the verb is known, so that ``fallow --help`` answers at once;
a verb imports the rooms it needs when it runs.
"""

try:
    from fallow.cli.app import main
except ModuleNotFoundError as error:
    if error.name != "click":
        raise
    from fallow.cli.absent import main  # type: ignore[assignment]

__all__ = ["main"]
