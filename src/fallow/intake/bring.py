"""Step 1, reports arrive: bring in a source. Each delivery is one transaction: all of it, or nothing.

``bring_in`` reads top-down as the path does: describe, read, map, report, check, approve, receipt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from fallow.errors import FallowError, Finding
from fallow.intake.bring_delivery import DeliveryRun
from fallow.intake.expect import check
from fallow.intake.ground import look_at_ground
from fallow.intake.identity import file_sha256, files_digest
from fallow.intake.read import country_extent
from fallow.intake.receipt import Receipt, Tally, together
from fallow.intake.source import DeliverySpec, Source, TableSpec
from fallow.intake.source_load import load_source
from fallow.kinds import Model
from fallow.register import Delivery, DeliveryRow, Register, Vault

Progress = Callable[[int, float], None]
"""Called with the rows so far and the share of the delivery behind us, 0 to 1."""


def bring_in(
    source: Source | Path | str,
    register: Register,
    *,
    files: Path | str | None = None,
    only: str | None = None,
    approve_by: str | None = None,
    why: str | None = None,
    accept: Iterable[str] = (),
    on_progress: Progress | None = None,
) -> Receipt:
    """Bring the files of a source into a register.

    Parameters
    ----------
    source
        A folder with ``source.yaml``, that file, or a description already loaded.
    files
        Folder that the file names are relative to; the folder of the description when not given.
    only
        ISO day of the one delivery to bring in.
    approve_by, why
        Approve what came in, in the same transaction, in the name of this person and for this reason.
    accept
        Codes of findings that this person accepts for this run.

    Returns
    -------
    Receipt
        Of the one delivery, or of all of them together with the single ones in ``parts``.

    Raises
    ------
    FallowError
        The description or a file is refused, an expectation does not hold, the vault is closed, the
        register cannot be written. Nothing of that delivery is in the register then; deliveries before it
        stay.
    """
    described = source if isinstance(source, Source) else load_source(source, register.model)
    if (approve_by is None) != (why is None):
        raise FallowError("APPROVAL_INCOMPLETE", described.name)
    _refuse_without_vault(described, register)
    deliveries = [one for one in described.deliveries if only in (None, one.delivered)]
    if not deliveries:
        known = ", ".join(one.delivered for one in described.deliveries)
        raise FallowError("DELIVERY_UNKNOWN", described.name, found=only, known=known)
    folder = Path(files) if files is not None else described.folder
    accepted = frozenset(accept)
    done: list[Receipt] = []
    for position, delivery in enumerate(deliveries):
        progress = _share_of(on_progress, position, len(deliveries), sum(one.rows for one in done))
        paths = _paths(delivery, folder)
        receipt = _known_already(described, delivery, paths, register)
        if receipt is None:
            receipt = _bring(described, delivery, paths, register, accepted, approve_by, why, progress)
        done.append(receipt)
    return together(done)


def _bring(
    source: Source,
    delivery: DeliverySpec,
    paths: Mapping[str, list[Path]],
    register: Register,
    accept: frozenset[str],
    approve_by: str | None,
    why: str | None,
    on_progress: Progress | None,
) -> Receipt:
    before = register.deliveries(source.name)
    _refuse_out_of_order(source, delivery, before)
    tally = Tally()
    run = DeliveryRun(_prepared(source, register), delivery, paths, register, tally, on_progress)
    run.first = not before
    try:
        with register.writing():
            originals = [_original(path) for path in run.every_file]
            run.digest = files_digest(one["sha256"] for one in originals)
            number = register.receive(_delivery(source, delivery, originals))
            as_of = delivery.delivered if source.declared else None
            approving = (
                register.approving(approve_by, why, as_of=as_of, accept=sorted(accept))
                if approve_by is not None and why is not None
                else nullcontext()
            )
            with approving as act:
                run.report(number, act)
                counts = run.counts()
                for found in check(source, counts, _counts_of(before), accept):
                    tally.add(found)
            for found in look_at_ground(register, run.reports, run.outlines):
                tally.add(found)
            approved, held = 0, run.reporter.count.held
            if act is not None:
                for found in act.outcome.refused:
                    tally.add(found)
                approved, held = act.outcome.approved, len(act.outcome.held)
            sealing = _sealing(source, register)
            findings_file = register.files.keep(tally.file()) if tally.more else None
            for path, original in zip(run.every_file, originals, strict=True):
                if register.files.keep(path, sealing) != original["sha256"]:
                    raise FallowError("FILE_CHANGED", path.name)
            receipt = replace(run.receipt(number, originals, approved, held), findings_file=findings_file)
            register.keep_receipt(number, {**receipt.as_dict("en"), "counted": counts})
        return receipt
    except FallowError as fault:
        _quarantine(fault, run, source, register)
        raise
    finally:
        run.close()
        tally.close()


def _prepared(source: Source, register: Register) -> Source:
    """The description with what only the register knows: where the country lies, how large is too large."""
    extent = [list(box) for box in register.settings.get("extent") or ()]
    country = register.settings.get("country")
    if not extent and country:
        extent = [list(box) for box in country_extent(country)]
    huge = register.settings.get("huge_area_m2")
    tables = tuple(
        replace(
            table,
            read=replace(
                table.read,
                extent=extent or None,
                huge_area_m2=_limit(table, register.model, huge),
                named=sorted(frozenset().union(*(record.columns for record in table.records))),
            ),
        )
        for table in source.tables
    )
    return replace(source, tables=tables)


def _limit(table: TableSpec, model: Model, huge: float | None) -> float | None:
    """The size that waits for a person; provinces and zones of control are large by nature."""
    named = all(model.kind(record.kind).group == "place" for record in table.records)
    return None if named else huge


def _sealing(source: Source, register: Register) -> Vault | None:
    """The vault, for originals with personal columns: left in the open they would outlive an erasure."""
    return register.vault if _personal(source, register.model) else None


def _personal(source: Source, model: Model) -> list[str]:
    """The personal fields that a source fills."""
    return [
        f"{record.kind}.{field.name}"
        for table in source.tables
        for record in table.records
        for field in record.fields
        if _is_personal(model, record.kind, field.name)
    ]


def _refuse_without_vault(source: Source, register: Register) -> None:
    """Personal values need the vault: better refused now than after ten minutes of reading."""
    personal = _personal(source, register.model)
    if personal and not register.vault.open:
        raise FallowError("VAULT_CLOSED", source.name, field=", ".join(personal), found=", ".join(personal))


def _is_personal(model: Model, kind: str, name: str) -> bool:
    of = model.kind(kind).field(name)
    return of is not None and of.personal


def _paths(delivery: DeliverySpec, folder: Path) -> dict[str, list[Path]]:
    """The files of each table, in the order they are read."""
    found: dict[str, list[Path]] = {}
    for label, names in delivery.files.items():
        found[label] = []
        for name in names:
            matches = sorted(folder.glob(name)) if "*" in name or "?" in name else [folder / name]
            matches = [path for path in matches if path.is_file()]
            if not matches:
                raise FallowError("FILE_NOT_FOUND", f"{delivery.where}: {name}")
            found[label] += matches
    return found


def _known_already(
    source: Source, delivery: DeliverySpec, paths: Mapping[str, list[Path]], register: Register
) -> Receipt | None:
    """A receipt that says so, when the same files came in under the same mapping before."""
    digests = [
        file_sha256(path) for path in dict.fromkeys(path for files in paths.values() for path in files)
    ]
    earlier = register.deliveries(source.name)
    for position, row in enumerate(earlier):
        if [file["sha256"] for file in row.delivery.files] != digests:
            continue
        remapped = row.delivery.mapping != source.mapping
        if remapped and position == len(earlier) - 1:
            return (
                None  # the newest delivery read anew under a better mapping: what changes becomes corrections
            )
        code = "MAPPING_CHANGED_SINCE" if remapped else "ALREADY_IMPORTED"
        rows, refused = (int((row.receipt or {}).get(name, 0)) for name in ("rows", "refused"))
        found = Finding(
            code, "note", ", ".join(_names(paths)), {"date": row.at[:10], "delivered": row.delivery.delivered}
        )
        return Receipt(
            source.name,
            delivery.delivered,
            rows=rows,
            refused=refused,
            known_already=rows - refused,
            findings=(found,),
            counts={code: 1},
            files=row.delivery.files,
            delivery=row.number,
        )
    return None


def _names(paths: Mapping[str, list[Path]]) -> list[str]:
    return [path.name for files in paths.values() for path in files]


def _refuse_out_of_order(source: Source, delivery: DeliverySpec, before: list[DeliveryRow]) -> None:
    """Updates and withdrawals are taken against the delivery before, so deliveries come in order."""
    latest = max((row.delivery.delivered for row in before), default="")
    if delivery.delivered < latest:
        raise FallowError("DELIVERY_OUT_OF_ORDER", delivery.where, found=delivery.delivered, latest=latest)
    if before and any(
        not record.id and not record.match for table in source.tables for record in table.records
    ):
        record = next(r for table in source.tables for r in table.records if not r.id and not r.match)
        raise FallowError("SOURCE_NO_CONTINUITY", record.where, kind=record.kind)


def _original(path: Path) -> dict[str, Any]:
    return {"name": path.name, "sha256": file_sha256(path), "bytes": path.stat().st_size}


def _delivery(source: Source, delivery: DeliverySpec, files: list[dict[str, Any]]) -> Delivery:
    return Delivery(
        source=source.name,
        who=source.who,
        delivered=delivery.delivered,
        declared=source.declared,
        files=tuple(files),
        mapping=source.mapping,
        licence=source.licence,
        title=source.title,
    )


def _counts_of(before: list[DeliveryRow]) -> Mapping[str, int] | None:
    return (before[-1].receipt or {}).get("counted") if before else None


def _quarantine(fault: FallowError, run: DeliveryRun, source: Source, register: Register) -> None:
    """Keep the original of a file that could not be read; the register itself is as it was."""
    if run.reading is not None:
        register.files.quarantine(run.reading, fault.code, _sealing(source, register))


def _share_of(on_progress: Progress | None, position: int, count: int, rows: int) -> Progress | None:
    if on_progress is None:
        return None
    return lambda done, share: on_progress(rows + done, (position + share) / count)
