"""Face one, what a person reads when something is refused or fails: a sentence, what to do, an exit status.

No traceback ever reaches the terminal. A fault of the program is told as ``INTERNAL_FAULT``; with
``FALLOW_DEBUG`` set the places it went through are written to a file, without the texts of exceptions,
which can quote data.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from fallow.cli.language import language_of
from fallow.cli.shell import nearest, utf8_streams
from fallow.errors import FallowError
from fallow.words import say, speaking

EXIT_USAGE = 2
EXIT_FAULT = 70
EXIT_INTERRUPTED = 130


def guarded(command: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Run a command line in the language it asks for; gives its exit status."""
    utf8_streams()
    in_json = "--json" in arguments
    try:
        language = language_of(arguments)
    except FallowError as error:
        tell(error, in_json)
        return error.entry.exit_status
    with speaking(language):
        return _status(command, in_json)


def _status(command: Callable[[], Any], in_json: bool) -> int:
    try:
        status = command()
        sys.stdout.flush()
    except FallowError as error:
        tell(error, in_json)
        return error.entry.exit_status
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return EXIT_USAGE
    except click.ClickException as error:
        refused = usage_error(error)
        tell(refused, in_json)
        return refused.entry.exit_status
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"\n{say('cli.interrupted')}", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return seen_enough()
    except SystemExit as left:  # rich meets the same and leaves with 1, which means "not written" here
        if isinstance(left.__context__, BrokenPipeError):
            return seen_enough()
        raise
    except Exception as fault:  # noqa: BLE001 - the last net: a sentence and status 70, never a traceback
        tell_fault(fault, in_json)
        return EXIT_FAULT
    return status if isinstance(status, int) else 0


def seen_enough() -> int:
    """The reader of the pipe has seen enough (``| head``); python would complain once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def tell(error: FallowError, in_json: bool) -> None:
    """Print a refusal: code and place, what was found, what to do; JSON where JSON was asked for."""
    if in_json:
        _tell_json(error.as_dict())
    else:
        _tell_lines(error.code, error.where, error.what, error.remedy)


def tell_fault(fault: Exception, in_json: bool) -> None:
    """Print ``INTERNAL_FAULT``, and where its traceback lies if anybody wanted one."""
    what = say("cli.fault_what", kind=type(fault).__name__)
    log = _write_log(fault) if os.environ.get("FALLOW_DEBUG") else None
    remedy = say("cli.fault_logged", file=log) if log else say("cli.fault_remedy")
    if in_json:
        _tell_json(
            {
                "code": "INTERNAL_FAULT",
                "level": "refuse",
                "where": "",
                "what": what,
                "remedy": remedy,
                "facts": {},
            }
        )
    else:
        _tell_lines("INTERNAL_FAULT", "", what, remedy)


def usage_error(error: click.ClickException) -> FallowError:
    """What click refuses, as one of our codes in the language of the call."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "fallow"
    if isinstance(error, click.NoSuchOption):
        known = [name for one in context.command.get_params(context) for name in one.opts] if context else []
        options = [name for name in known if name.startswith("-")]
        return FallowError(
            "OPTION_UNKNOWN", error.option_name, near=nearest(error.option_name, options), command=command
        )
    if isinstance(error, click.BadOptionUsage):
        code = "OPTION_NO_VALUE" if _is_flag(error, context) else "OPTION_EMPTY"
        return FallowError(code, error.option_name, command=command)
    if isinstance(error, click.MissingParameter):
        where = _spelling(error.param) if error.param else ""
        return FallowError("OPTION_MISSING", where, command=command)
    if isinstance(error, click.BadParameter):
        where = _spelling(error.param) if error.param else ""
        return FallowError("OPTION_VALUE", where, found=error.message, command=command)
    return FallowError("USAGE", command, found=error.format_message(), command=command)


def _is_flag(error: click.BadOptionUsage, context: click.Context | None) -> bool:
    """Whether the option that was written wrongly is one that takes no value."""
    params = context.command.get_params(context) if context else []
    named = [one for one in params if error.option_name in (*one.opts, *one.secondary_opts)]
    return any(isinstance(one, click.Option) and one.is_flag for one in named)


def _spelling(param: click.Parameter) -> str:
    return param.opts[0] if isinstance(param, click.Option) else (param.human_readable_name or "").upper()


def _tell_json(values: dict[str, Any]) -> None:
    import orjson

    click.echo(orjson.dumps({"error": values}, default=str, option=orjson.OPT_INDENT_2), err=True)


def _tell_lines(code: str, where: str, what: str, remedy: str) -> None:
    """Each sentence on a line of its own, so that an Arabic one is not mixed with the code before it."""
    from fallow.cli.show import clean

    click.echo(clean(f"{code}  {where}".rstrip()), err=True)
    click.echo(f"  {clean(what)}\n  {clean(remedy)}", err=True)


def _write_log(fault: Exception) -> str:
    wanted = Path(os.environ["FALLOW_DEBUG"])
    folder = wanted if wanted.is_dir() else Path.cwd()
    name = f"fallow-fault-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    path = folder / name
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as log:
            log.writelines(_places(fault))
    except OSError as error:
        return f"({type(error).__name__}: {path})"
    return str(path)


def _places(fault: BaseException) -> Iterator[str]:
    """The frames of a fault and of what caused it; types only, because a message can quote a value."""
    chain: BaseException | None = fault
    while chain is not None:
        yield f"{type(chain).__module__}.{type(chain).__name__}\n"
        yield from traceback.format_tb(chain.__traceback__)
        chain = chain.__cause__ or chain.__context__
