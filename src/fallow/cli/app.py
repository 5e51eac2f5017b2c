"""Face one, the list of verbs, in the order of the path; each is imported when it is called."""

from __future__ import annotations

from fallow.cli.analyses import analysis_verbs
from fallow.cli.options import language_option
from fallow.cli.shell import Lazy, Option, Root

main = Root(
    "fallow",
    verbs=(
        Lazy("new", "fallow.cli.new:new"),
        Lazy("source", "fallow.cli.source:source"),
        Lazy("bring", "fallow.cli.bring:bring"),
        Lazy("review", "fallow.cli.review:review"),
        Lazy("approve", "fallow.cli.approve:approve"),
        Lazy("reject", "fallow.cli.reject:reject"),
        Lazy("resolve", "fallow.cli.resolve:resolve"),
        Lazy("release", "fallow.cli.release:release"),
        Lazy("grant", "fallow.cli.grant:grant"),
        Lazy("same", "fallow.cli.same:same"),
        Lazy("look", "fallow.cli.look:look"),
        Lazy("list", "fallow.cli.list_:list_"),
        Lazy("changes", "fallow.cli.changes:changes"),
        *analysis_verbs(),
        Lazy("run", "fallow.cli.run:run"),
        Lazy("figure", "fallow.cli.figure:figure"),
        Lazy("explain", "fallow.cli.explain:explain"),
        Lazy("publish", "fallow.cli.publish:publish"),
        Lazy("published", "fallow.cli.published:published"),
        Lazy("snapshot", "fallow.cli.snapshot:snapshot"),
        Lazy("statement", "fallow.cli.statement:statement"),
        Lazy("check", "fallow.cli.check:check"),
        Lazy("verify", "fallow.cli.verify:verify"),
        Lazy("kinds", "fallow.cli.kinds:kinds"),
        Lazy("errors", "fallow.cli.errors_:errors"),
        Lazy("serve", "fallow.cli.serve:serve"),
        Lazy("demo", "fallow.cli.demo:demo"),
    ),
    params=[
        Option(["--version"], is_flag=True, is_eager=True, expose_value=False, help="cli.opt.version"),
    ],
)
"""``fallow`` itself: a click group that loads its verbs lazily."""

language_option(main)
