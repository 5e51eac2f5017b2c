"""Bringing in, told by small files: what comes in, what does not and why; nothing is lost on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from desk import ROWS, VICTIMS, Desk

from fallow.errors import FallowError, catalogue
from fallow.intake import Receipt, bring_in
from fallow.register import Register, create_register

HEADER = ROWS.splitlines()[0]


def table(*rows: str) -> str:
    return "\n".join((HEADER, *rows)) + "\n"


def found(receipt: Receipt, code: str) -> list[str]:
    return [one.where for one in receipt.findings if one.code == code]


def head(register: Register) -> int:
    return register.ledger.head()[0]


def test_rows_become_records_and_the_receipt_balances(desk: Desk) -> None:
    receipt = desk.bring(VICTIMS, victims__csv=ROWS)
    assert (receipt.rows, receipt.reported, receipt.refused, receipt.known_already) == (3, 3, 0, 0)
    assert receipt.identity == "3 = 3 + 0 + 0"
    records = {one.fields["code"]: one for one in desk.register.at().records("victim")}
    assert set(records) == {"A1", "A2", "A3"}
    assert records["A2"].fields["outcome"] == "killed"
    assert records["A2"].fields["date"] == "2023-05"
    assert records["A1"].fields["external_id"] == "A1"
    assert records["A3"].geometry is None
    assert receipt.counts["LOCATION_UNKNOWN"] == 1
    assert found(receipt, "LOCATION_UNKNOWN") == ["victims.csv row 4"]


def test_the_text_that_came_in_is_kept_where_it_reads_differently(desk: Desk) -> None:
    desk.bring(VICTIMS, victims__csv=ROWS)
    record = next(one for one in desk.register.at().records("victim") if one.fields["code"] == "A1")
    content = desk.register.entry(record.reports[0]).content
    assert content["original"] == {"outcome": "Herido"}
    assert content["where"] == "victims.csv row 2"


def test_the_same_files_again_are_known_already(desk: Desk) -> None:
    desk.bring(VICTIMS, victims__csv=ROWS)
    before = head(desk.register)
    again = desk.bring(VICTIMS, victims__csv=ROWS)
    assert (again.rows, again.known_already, again.reported) == (3, 3, 0)
    assert list(again.counts) == ["ALREADY_IMPORTED"]
    assert again.findings[0].facts["delivered"] == "2024-03-31"
    assert head(desk.register) == before


def test_equal_rows_without_an_id_stay_separate_people(desk: Desk) -> None:
    text = VICTIMS.replace("id: {column: no}", "id: none")
    row = ",2023-05-04,Herido,34,GRANADA,-75.1852,6.1437"
    receipt = desk.bring(text, victims__csv=table(row, row, row))
    assert receipt.reported == 3
    assert desk.register.at().count("victim") == 3
    assert found(receipt, "DUPLICATE_ROW") == ["victims.csv row 3", "victims.csv row 4"]
    assert receipt.findings[0].facts["first"] == "victims.csv row 2"


def test_an_id_used_twice_is_refused_and_names_the_first(desk: Desk) -> None:
    one, other = "A1,2023-05-04,Herido,34,TAME,,", "A1,2023-05-04,Muerto,34,TAME,,"
    receipt = desk.bring(VICTIMS, victims__csv=table(one, other, one))
    assert (receipt.reported, receipt.refused, receipt.known_already) == (1, 1, 1)
    duplicate = next(one for one in receipt.findings if one.code == "DUPLICATE_ID")
    assert (duplicate.where, duplicate.facts["first"]) == ("victims.csv row 3", "victims.csv row 2")


def test_a_refused_row_does_not_take_the_id(desk: Desk) -> None:
    """Row 2 has an unknown code and stays out; row 3 with the same id is right and comes in."""
    receipt = desk.bring(VICTIMS, victims__csv=table("A1,2023,Perdido,34,TAME,,", "A1,2023,Herido,34,TAME,,"))
    assert (receipt.reported, receipt.refused) == (1, 1)
    assert found(receipt, "DUPLICATE_ID") == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("A1,2023,Perdido,34,TAME,,", "CODE_UNKNOWN"),
        ("A1,03/04/2023,Herido,34,TAME,,", "AMBIGUOUS_DATE"),
        ("A1,2023-02-30,Herido,34,TAME,,", "DATE_IMPOSSIBLE"),
        ("A1,,Herido,34,TAME,,", "DATE_MISSING"),
        (",2023,Herido,34,TAME,,", "ID_MISSING"),
        ("A1,2023,,34,TAME,,", "REQUIRED_MISSING"),
        ("A1,2023,Herido,many,TAME,,", "VALUE_NOT_A_NUMBER"),
        ("A1,2023,Herido,34,TA\u202eME,,", "BAD_CHAR"),
    ],
)
def test_a_row_that_cannot_come_in_says_why(row: str, code: str, desk: Desk) -> None:
    receipt = desk.bring(VICTIMS, victims__csv=table(row, "A2,2023,Herido,34,TAME,,"))
    assert (receipt.reported, receipt.refused) == (1, 1)
    refusal = next(one for one in receipt.findings if one.level == "refuse")
    assert refusal.code == code
    assert refusal.where.startswith("victims.csv row 2")
    assert refusal.row == 0
    assert refusal.as_dict()["remedy"]


def test_columns_balance_and_left_over_values_are_not_in_the_register(desk: Desk) -> None:
    text = VICTIMS + "    ignore: {edad2: the same age as text}\n"
    rows = (
        ROWS.replace("lat\n", "lat,edad2,apodo\n")
        .replace("6.1437\n", "6.1437,x,Canario\n")
        .replace(",,\n", ",,,\n")
    )
    receipt = desk.bring(text, victims__csv=rows)
    assert receipt.columns.mapped == ("no", "fecha", "estado", "edad", "municipio", "lon", "lat")
    assert dict(receipt.columns.ignored) == {"edad2": "the same age as text"}
    assert receipt.columns.left_over == ("apodo",)
    assert b"Canario" not in desk.register.path.read_bytes()
    assert "Canario" not in json.dumps(receipt.as_dict())


def test_a_column_the_table_does_not_have_stops_the_import(desk: Desk) -> None:
    before = head(desk.register)
    with pytest.raises(FallowError) as caught:
        desk.bring(VICTIMS.replace("estado,", "estados,"), victims__csv=ROWS)
    assert caught.value.code == "COLUMN_NOT_FOUND"
    assert "estado" in caught.value.remedy
    assert head(desk.register) == before


def test_an_optional_column_may_be_absent(desk: Desk) -> None:
    text = VICTIMS.replace("age: edad", "age: {from: anos, optional: true}")
    receipt = desk.bring(text, victims__csv=ROWS)
    assert receipt.reported == 3
    assert receipt.counts["OPTIONAL_COLUMN_ABSENT"] == 1


def test_rows_nobody_speaks_about_are_refused_and_named(desk: Desk) -> None:
    text = VICTIMS.replace("id: {column: no}", "id: {column: no}\n        where: {municipio: GRANADA}")
    receipt = desk.bring(text, victims__csv=ROWS)
    assert (receipt.reported, receipt.refused) == (2, 1)
    assert found(receipt, "ROW_NOT_DESCRIBED") == ["victims.csv row 4"]


# Personal values


PERSONAL = VICTIMS.replace("age: edad", "name: {from: edad}")


def test_personal_values_need_the_vault_before_anything_is_written(desk: Desk) -> None:
    before = head(desk.register)
    with pytest.raises(FallowError) as caught:
        desk.bring(PERSONAL, victims__csv=ROWS)
    assert caught.value.code == "VAULT_CLOSED"
    assert head(desk.register) == before


def test_personal_values_go_to_the_vault_alone(tmp_path: Path) -> None:
    rows = ROWS.replace(",34,", ",Canario Uno,").replace(",9,", ",Canario Dos,")
    with create_register(tmp_path / "r.gpkg", title="T", passphrase="open it") as register:
        desk = Desk(tmp_path, register)
        receipt = desk.bring(PERSONAL, victims__csv=rows)
        assert receipt.reported == 3
        record = next(one for one in register.at().records("victim") if one.fields["code"] == "A1")
        assert register.secrets(record.id) == {"name": "Canario Uno"}
        assert "name" not in record.fields
        # Renamed in the next delivery: one update, the others known already.
        later = PERSONAL.replace("2024-03-31", "2024-06-30")
        receipt = desk.bring(later, victims__csv=rows.replace("Canario Uno", "Canario Tres"))
        assert (receipt.reported, receipt.known_already, receipt.updates) == (1, 2, 1)
        assert register.secrets(record.id) == {"name": "Canario Tres"}
    assert b"Canario" not in (tmp_path / "r.gpkg").read_bytes()
    assert "Canario" not in json.dumps(receipt.as_dict())


def test_a_wrong_personal_value_is_never_quoted(tmp_path: Path) -> None:
    rows = ROWS.replace(",34,", ",Canario,")
    with create_register(tmp_path / "r.gpkg", title="T", passphrase="open it") as register:
        receipt = Desk(tmp_path, register).bring(
            VICTIMS.replace("age: edad", "birth_date: edad"), victims__csv=rows
        )
    assert receipt.refused >= 1
    assert "Canario" not in json.dumps(receipt.as_dict())


# One accident, several victims


ACCIDENTS = """
source: police
who: District police
licence: none stated
delivered: 2024-03-31
files: {victims: victims.csv}
tables:
  - name: victims
    format: csv
    records:
      - kind: accident
        id: {columns: [fecha, municipio]}
        date: fecha
        fields:
          accident_type: {from: tipo, lookup: {MAP: mine}}
          admin2: municipio
        geometry: none
      - kind: victim
        id: {column: no}
        date: fecha
        fields:
          accident: {link: accident}
          outcome: {from: estado, lookup: {Herido: injured, Muerto: killed}}
        geometry: none
"""


def test_one_accident_with_three_victims_in_one_table(desk: Desk) -> None:
    rows = "no,fecha,municipio,tipo,estado\n1,2023-05-04,TAME,MAP,Herido\n2,2023-05-04,TAME,MAP,Muerto\n"
    receipt = desk.bring(ACCIDENTS, victims__csv=rows + "3,2023-06-01,TAME,MAP,Herido\n")
    assert receipt.by_kind == {"accident": 2, "victim": 3}
    assert (receipt.rows, receipt.reported) == (3, 3)
    accidents = {one.fields["date"]: one.id for one in desk.register.at().records("accident")}
    victims = {one.fields["code"]: one.fields["accident"] for one in desk.register.at().records("victim")}
    assert victims == {
        "1": accidents["2023-05-04"],
        "2": accidents["2023-05-04"],
        "3": accidents["2023-06-01"],
    }


def test_an_accident_told_in_two_ways_waits_for_a_person(desk: Desk) -> None:
    text = ACCIDENTS.replace("admin2: municipio", "admin2: municipio\n          admin3: vereda")
    rows = "no,fecha,municipio,tipo,estado,vereda\n1,2023,TAME,MAP,Herido,Uno\n2,2023,TAME,MAP,Herido,Dos\n"
    receipt = desk.bring(text, victims__csv=rows)
    finding = next(one for one in receipt.findings if one.code == "GROUP_DIFFERS")
    assert (finding.level, finding.facts["fields"]) == ("confirm", "admin3")
    assert (receipt.held, receipt.approved) == (1, 2)


def test_a_row_refused_for_its_victim_brings_in_no_accident(desk: Desk) -> None:
    rows = "no,fecha,municipio,tipo,estado\n1,2023,TAME,MAP,Perdido\n2,2023,TAME,MAP,Herido\n"
    receipt = desk.bring(ACCIDENTS, victims__csv=rows + "3,2022,TAME,MAP,Perdido\n")
    assert (receipt.reported, receipt.refused) == (1, 2)
    assert receipt.by_kind == {"accident": 1, "victim": 1}


TWO_TABLES = """
source: police
who: District police
licence: none stated
delivered: 2024-03-31
files: {victims: victims.csv, accidents: accidents.csv}
tables:
  - name: victims
    format: csv
    records:
      - kind: victim
        id: {column: no}
        date: {value: "2023"}
        fields:
          accident: {link: accident, by: accident}
          outcome: {value: injured}
        geometry: none
  - name: accidents
    format: csv
    records:
      - kind: accident
        id: {column: no}
        date: {value: "2023"}
        fields: {accident_type: {value: mine}}
        geometry: none
"""


def test_two_linked_tables_and_a_link_that_leads_nowhere(desk: Desk) -> None:
    receipt = desk.bring(TWO_TABLES, victims__csv="no,accident\n1,X\n2,Y\n3,\n", accidents__csv="no\nX\n")
    accident = next(iter(desk.register.at().records("accident"))).id
    links = {one.fields["code"]: one.fields.get("accident") for one in desk.register.at().records("victim")}
    assert links == {"1": accident, "3": None}
    assert found(receipt, "LINK_DANGLING") == ["victims.csv row 3"]
    assert receipt.held == 1
    assert receipt.columns.mapped == ("accidents.no", "victims.no", "victims.accident")


def test_a_hazard_may_be_split_from_one_further_down(desk: Desk) -> None:
    text = TWO_TABLES[: TWO_TABLES.index("  - name: victims")].replace(", accidents: accidents.csv", "") + (
        "  - name: victims\n    format: csv\n    records:\n      - kind: hazard\n        id: {column: no}\n"
        "        date: delivered\n        fields:\n          hazard_class: {value: sha}\n"
        "          status: {value: open}\n          parent: {link: hazard, by: de}\n        geometry: none\n"
    )
    receipt = desk.bring(text, victims__csv="no,de\n2,1\n1,\n3,9\n")
    assert found(receipt, "LINK_DANGLING") == ["victims.csv row 4"]
    drafts = [desk.register.entry(number).content for span in receipt.reports for number in span]
    ids = {one["fields"]["code"]: one for one in drafts}
    assert ids["2"]["fields"]["parent"] == ids["1"]["record"]


# The second delivery


def test_a_second_delivery_with_ids_gives_updates_additions_and_withdrawals(desk: Desk) -> None:
    text = VICTIMS.replace("id: {column: no}", "id: {column: no}\n        complete: true").replace(
        "licence: none stated", "licence: none stated\nknown: declared"
    )
    desk.bring(text, victims__csv=ROWS)
    now = table(
        "A1,2023-05-04,Muerto,34,GRANADA,-75.1852,6.1437",
        "A2,2023-05,Muerto,9,GRANADA,-75.1852,6.1437",
        "A4,2024,Herido,,TAME,,",
    )
    receipt = desk.bring(text.replace("2024-03-31", "2024-09-30"), victims__csv=now)
    assert (receipt.reported, receipt.known_already) == (2, 1)
    assert (receipt.additions, receipt.updates, receipt.withdrawals) == (1, 1, 1)
    then = {
        one.fields["code"]: one.fields["outcome"]
        for one in desk.register.at(known="2024-04-30").records("victim")
    }
    today = {one.fields["code"]: one.fields["outcome"] for one in desk.register.at().records("victim")}
    assert then == {"A1": "injured", "A2": "killed", "A3": "injured"}
    assert today == {"A1": "killed", "A2": "killed", "A4": "injured"}
    record = next(one for one in desk.register.at().records("victim") if one.fields["code"] == "A1")
    update = desk.register.entry(max(record.reports)).content
    assert update["fields"] == {"outcome": "killed"}
    assert update["corrects"]


def test_a_value_that_is_now_empty_is_said_to_be(desk: Desk) -> None:
    desk.bring(VICTIMS, victims__csv=ROWS)
    receipt = desk.bring(VICTIMS.replace("2024-03-31", "2024-06-30"), victims__csv=ROWS.replace(",34,", ",,"))
    assert receipt.updates == 1
    record = next(one for one in desk.register.at().records("victim") if one.fields["code"] == "A1")
    assert record.fields.get("age") is None


def test_without_complete_nothing_is_withdrawn(desk: Desk) -> None:
    desk.bring(VICTIMS, victims__csv=ROWS)
    receipt = desk.bring(VICTIMS.replace("2024-03-31", "2024-06-30"), victims__csv=LESS)
    assert receipt.withdrawals == 0
    assert desk.register.at().count("victim") == 3


HAZARDS = """
source: survey
who: Survey team
licence: none stated
delivered: 2024-03-31
files: {areas: areas.csv}
tables:
  - name: areas
    format: csv
    records:
      - kind: hazard
        id: {column: no}
        complete: true
        date: fecha
        fields:
          hazard_class: {from: clase, lookup: {S: sha, C: cha}}
          status: estado
        geometry: none
"""


def test_a_state_with_a_later_date_is_a_later_report_and_keeps_its_past(desk: Desk) -> None:
    desk.bring(HAZARDS, areas__csv="no,fecha,clase,estado\n1,2023-01-10,S,open\n")
    later = "no,fecha,clase,estado\n1,2024-05-02,S,worked_on\n"
    receipt = desk.bring(HAZARDS.replace("2024-03-31", "2024-09-30"), areas__csv=later)
    assert (receipt.updates, receipt.approved) == (1, 1)
    states = {
        day: [one.fields["status"] for one in desk.register.at(true=day).records("hazard")]
        for day in ("2022-06-01", "2023-06-01", "2024-06-01")
    }
    assert states == {"2022-06-01": [], "2023-06-01": ["open"], "2024-06-01": ["worked_on"]}


def test_a_state_whose_date_moves_back_is_said_anew(desk: Desk) -> None:
    desk.bring(HAZARDS, areas__csv="no,fecha,clase,estado\n1,2023-01-10,S,open\n")
    receipt = desk.bring(
        HAZARDS.replace("2024-03-31", "2024-09-30"), areas__csv="no,fecha,clase,estado\n1,2022-01-10,S,open\n"
    )
    assert receipt.updates == 1
    assert [
        one.fields["date_of_information"] for one in desk.register.at(true="2022-06-01").records("hazard")
    ] == ["2022-01-10"]
    assert desk.register.at().count("hazard") == 1


def test_a_hazard_no_longer_listed_stays_until_a_person_accepts(desk: Desk) -> None:
    both = "no,fecha,clase,estado\n1,2023-01-10,S,open\n2,2023-01-10,S,open\n"
    desk.bring(HAZARDS, areas__csv=both)
    text = HAZARDS.replace("2024-03-31", "2024-09-30")
    folder = desk.write(text, areas__csv="no,fecha,clase,estado\n1,2023-01-10,S,open\n")
    receipt = bring_in(folder, desk.register, approve_by="im", why="x", accept=["EXPECTATION_FAILED"])
    assert (receipt.withdrawals, receipt.held) == (1, 1)
    assert desk.register.at().count("hazard") == 2
    desk.register.approve(
        receipt.reports, by="im", why="closed in 2024, letter 12", accept=["NO_LONGER_LISTED"]
    )
    assert desk.register.at().count("hazard") == 1


def test_a_refused_row_does_not_withdraw_its_record(desk: Desk) -> None:
    """The source still lists hazard 2, only with a wrong code: it must not vanish."""
    desk.bring(HAZARDS, areas__csv="no,fecha,clase,estado\n1,2023,S,open\n2,2023,S,open\n")
    text = HAZARDS.replace("2024-03-31", "2024-09-30")
    receipt = desk.bring(text, areas__csv="no,fecha,clase,estado\n1,2023,S,open\n2,2023,X,open\n")
    assert (receipt.refused, receipt.withdrawals) == (1, 0)


def test_a_row_without_its_id_makes_every_withdrawal_wait(desk: Desk) -> None:
    """Record A3 seems gone, but a row without an id was refused and may be it."""
    text = VICTIMS.replace("id: {column: no}", "id: {column: no}\n        complete: true")
    desk.bring(text, victims__csv=ROWS)
    receipt = desk.bring(text.replace("2024-03-31", "2024-09-30"), victims__csv=ROWS.replace("A3,", ","))
    assert (receipt.refused, receipt.withdrawals, receipt.held) == (1, 1, 1)
    assert desk.register.at().count("victim") == 3


def test_a_claim_that_needs_two_signatures_is_kept_as_a_claim(desk: Desk) -> None:
    receipt = desk.bring(HAZARDS, areas__csv="no,fecha,clase,estado\n1,2023,S,open\n2,2023,S,closed\n")
    assert receipt.counts["CLAIM_NEEDS_RELEASE"] == 1
    states = {
        one.fields["code"]: (one.fields["status"], one.awaiting)
        for one in desk.register.at().records("hazard")
    }
    assert states.get("2", ("", ""))[0] != "closed"
    assert states["1"] == ("open", "")


def test_a_better_mapping_of_the_newest_files_becomes_corrections(desk: Desk) -> None:
    first = VICTIMS.replace("id: {column: no}", "id: none\n        match: [date]").replace(
        "Muerto: killed", "Muerto: injured"
    )
    desk.bring(first, victims__csv=ROWS)
    receipt = desk.bring(first.replace("Muerto: injured", "Muerto: killed"), victims__csv=ROWS)
    assert (receipt.updates, receipt.known_already, receipt.additions, receipt.withdrawals) == (1, 2, 0, 0)
    assert desk.register.at().count("victim") == 3
    assert desk.register.at().count("victim", where={"outcome": "killed"}) == 1


def test_an_older_delivery_after_a_newer_is_refused(desk: Desk) -> None:
    desk.bring(VICTIMS, victims__csv=ROWS)
    with pytest.raises(FallowError) as caught:
        desk.bring(
            VICTIMS.replace("2024-03-31", "2023-03-31"), victims__csv=ROWS + "A9,2023,Herido,3,TAME,,\n"
        )
    assert caught.value.code == "DELIVERY_OUT_OF_ORDER"


# Expectations, acceptance, failure


COMPLETE = VICTIMS.replace("        date: fecha\n", "        date: fecha\n        complete: true\n")
LESS = "\n".join(ROWS.splitlines()[:2]) + "\n"


def test_a_complete_source_that_shrinks_stops_unless_a_person_accepts(desk: Desk) -> None:
    desk.bring(COMPLETE, victims__csv=ROWS)
    before = head(desk.register)
    text = COMPLETE.replace("2024-03-31", "2024-06-30")
    with pytest.raises(FallowError) as caught:
        desk.bring(text, victims__csv=LESS)
    assert caught.value.code == "EXPECTATION_FAILED"
    assert caught.value.where == "hospital"
    assert (caught.value.facts["found"], caught.value.facts["before"]) == (1, 3)
    assert head(desk.register) == before
    receipt = bring_in(desk.write(text, victims__csv=LESS), desk.register, accept=["EXPECTATION_FAILED"])
    assert receipt.counts["EXPECTATION_FAILED"] == 1
    assert receipt.withdrawals == 2


def test_a_source_that_brings_what_is_new_may_bring_less_and_says_so(desk: Desk) -> None:
    """A monthly list of new casualties is smaller in a quiet month: that is no broken export."""
    desk.bring(VICTIMS, victims__csv=ROWS)
    receipt = desk.bring(VICTIMS.replace("2024-03-31", "2024-06-30"), victims__csv=LESS)
    assert "EXPECTATION_FAILED" not in receipt.counts
    (found,) = [one for one in receipt.findings if one.code == "DELIVERY_SMALLER"]
    assert (found.level, found.where, found.facts) == ("note", "hospital", {"found": 1, "before": 3})
    assert (receipt.withdrawals, receipt.known_already) == (0, 1)
    assert desk.register.at().count("victim") == 3
    again = desk.bring(VICTIMS.replace("2024-03-31", "2024-09-30"), victims__csv=LESS + "\n")
    assert "DELIVERY_SMALLER" not in again.counts


def test_a_bound_of_its_own_holds_whether_complete_or_not(desk: Desk) -> None:
    bounded = VICTIMS + "expect: {rows: {max_change: 10%}}\n"
    desk.bring(bounded, victims__csv=ROWS)
    with pytest.raises(FallowError) as caught:
        desk.bring(bounded.replace("2024-03-31", "2024-06-30"), victims__csv=LESS)
    assert caught.value.code == "EXPECTATION_FAILED"
    loose = COMPLETE.replace("2024-03-31", "2024-06-30") + "expect: {rows: {max_change: 90%}}\n"
    assert "EXPECTATION_FAILED" not in desk.bring(loose, victims__csv=LESS).counts


@pytest.mark.parametrize(
    "bound", ["rows: {min: 4}", "rows: {max: 2}", "refused: {max: 0}", "refused: {max: 20%}"]
)
def test_a_bound_that_does_not_hold_stops_the_run(bound: str, desk: Desk) -> None:
    rows = table("A1,2023,Perdido,1,TAME,,", "A2,2023,Herido,1,TAME,,", "A3,2023,Herido,1,TAME,,")
    with pytest.raises(FallowError) as caught:
        desk.bring(VICTIMS + f"expect: {{{bound}}}\n", victims__csv=rows)
    assert caught.value.code == "EXPECTATION_FAILED"
    assert "source.yaml:" in caught.value.where


def test_what_a_named_person_accepted_holds_nothing_up(desk: Desk) -> None:
    far = "A1,2023,Herido,34,TAME,37.1234,48.1234"
    receipt = desk.bring(VICTIMS, victims__csv=table(far))
    assert (receipt.held, receipt.approved, receipt.counts["OUTSIDE_COUNTRY"]) == (1, 0, 1)
    text = (
        VICTIMS.replace("source: hospital", "source: clinic")
        + "accept: [{code: OUTSIDE_COUNTRY, by: L. Demo, why: abroad}]\n"
    )
    receipt = desk.bring(text, victims__csv=table(far))
    assert (receipt.held, receipt.approved) == (0, 1)
    assert receipt.accepted[0]["count"] == 1


def test_a_file_that_cannot_be_read_is_kept_in_quarantine_and_changes_nothing(desk: Desk) -> None:
    before = head(desk.register)
    with pytest.raises(FallowError) as caught:
        desk.bring(VICTIMS, victims__csv=ROWS + 'A9,2023,"Herido,1,TAME,,\n')
    assert caught.value.code in catalogue()
    assert head(desk.register) == before
    kept = list((desk.register.path.with_suffix(".files") / "quarantine").rglob("*"))
    assert any(path.name.endswith(caught.value.code) for path in kept)


def test_an_interrupted_import_leaves_nothing_and_can_be_repeated(desk: Desk) -> None:
    rows = HEADER + "\n" + "".join(f"A{n},2023,Herido,1,TAME,,\n" for n in range(5000))
    folder = desk.write(VICTIMS, victims__csv=rows)
    before = head(desk.register)

    def stop(done: int, share: float) -> None:
        if done > 2500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring_in(folder, desk.register, on_progress=stop)
    assert head(desk.register) == before
    assert bring_in(folder, desk.register).reported == 5000


def test_progress_ends_at_the_whole(desk: Desk) -> None:
    told: list[tuple[int, float]] = []
    bring_in(desk.write(VICTIMS, victims__csv=ROWS), desk.register, on_progress=lambda *one: told.append(one))
    assert told[-1] == (3, 1.0)


def test_only_one_delivery_can_be_asked_for(desk: Desk) -> None:
    folder = desk.write(VICTIMS, victims__csv=ROWS)
    with pytest.raises(FallowError) as caught:
        bring_in(folder, desk.register, only="2020-01-01")
    assert caught.value.code == "DELIVERY_UNKNOWN"
    assert bring_in(folder, desk.register, only="2024-03-31").reported == 3


def test_findings_beyond_two_hundred_are_all_in_the_kept_file(desk: Desk) -> None:
    from fallow.intake import findings_in

    rows = HEADER + "\n" + "".join(f"A{n},2023,Perdido,1,TAME,,\n" for n in range(750))
    receipt = desk.bring(VICTIMS, victims__csv=rows + "B,2023,Herido,1,TAME,,\n")
    assert receipt.counts["CODE_UNKNOWN"] == 750
    assert len([one for one in receipt.findings if one.code == "CODE_UNKNOWN"]) == 200
    assert receipt.findings_file
    every = list(findings_in(desk.register.files.path(receipt.findings_file)))
    assert sorted(one.row or 0 for one in every if one.code == "CODE_UNKNOWN") == list(range(750))


def test_the_receipt_is_kept_and_the_original_too(desk: Desk) -> None:
    receipt = desk.bring(VICTIMS, victims__csv=ROWS)
    row = desk.register.deliveries("hospital")[0]
    assert row.receipt is not None
    assert row.receipt["identity"] == {"rows": "3 = 3 + 0 + 0"}
    assert desk.register.files.path(receipt.files[0]["sha256"]).read_text(encoding="utf-8") == ROWS


def test_a_receipt_that_does_not_balance_cannot_be_made(desk: Desk) -> None:
    receipt = desk.bring(VICTIMS, victims__csv=ROWS)
    with pytest.raises(FallowError) as caught:
        replace(receipt, refused=1)
    assert caught.value.code == "BOOKS_DO_NOT_BALANCE"


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ru", "uk", "az", "ar"])
def test_the_receipt_reads_in_every_language(lang: str, desk: Desk) -> None:
    receipt = desk.bring(VICTIMS + "    ignore: {x: y}\n", victims__csv=table("A1,2023,Perdido,1,TAME,,"))
    text = receipt.text(lang)
    assert "hospital" in text
    assert "{" not in text
    assert "CODE_UNKNOWN" in text
    assert (lang == "en") == ("Receipt" in text)


def test_yes_no_columns_are_collected_into_codes(desk: Desk) -> None:
    collected = "{collect: {craters: craters, scrap: scrap_metal}, empty: [dontknow]}"
    text = HAZARDS.replace("status: estado", f"status: estado\n          indirect_evidence: {collected}")
    rows = "no,fecha,clase,estado,craters,scrap\n1,2023,S,open,yes,Sí\n2,2023,S,open,no,dontknow\n"
    receipt = desk.bring(text, areas__csv=rows + "3,2023,S,open,maybe,\n")
    hazards = list(desk.register.at().records("hazard"))
    found = {one.fields["code"]: one.fields.get("indirect_evidence") for one in hazards}
    assert found == {"1": ["craters", "scrap_metal"], "2": None}
    refusal = next(one for one in receipt.findings if one.level == "refuse")
    assert (refusal.code, refusal.row) == ("VALUE_NOT_YES_NO", 2)


def test_geometry_that_nobody_takes_is_left_over(desk: Desk) -> None:
    text = HAZARDS.replace("areas.csv", "areas.geojson").replace("format: csv", "format: geojson")
    point = '{"type":"Feature","properties":{"no":"1","fecha":"2023","clase":"S","estado":"open"},"geometry":'
    rows = point + '{"type":"Point","coordinates":[-75.12345,6.12345]}}'
    receipt = desk.bring(text, areas__geojson=f'{{"type":"FeatureCollection","features":[{rows}]}}')
    assert receipt.columns.left_over == ("(geometry)",)
    assert next(iter(desk.register.at().records("hazard"))).geometry is None


@pytest.mark.parametrize("by", ["code", "fid"])
def test_the_row_number_of_a_geopackage_is_no_column_unless_it_is_named(desk: Desk, by: str) -> None:
    """Every export counts its rows anew: two equal rows differ in nothing but that number."""
    text = f"""
source: areas
who: Office
licence: none stated
delivered: 2024-03-31
files: {{areas: areas.gpkg}}
tables:
  - name: areas
    format: gpkg
    records:
      - kind: hazard
        id: {{column: {by}}}
        date: seen
        fields: {{code: code, hazard_class: class, status: state}}
        geometry: own
"""
    folder = desk.write(text)
    rows = [("H-1", "sha", "open", "2024-01-05"), ("H-2", "cha", "open", "2024-01-06")]
    told = [*rows, rows[0]]
    columns = dict(zip(("code", "class", "state", "seen"), zip(*told, strict=True), strict=True))
    shapes = [shapely.box(16 + x, 44, 16.001 + x, 44.001) for x in (0, 1, 0)]
    gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(folder / "areas.gpkg", layer="areas")
    receipt = bring_in(folder, desk.register, approve_by="im.officer", why="test")
    assert found(receipt, "DUPLICATE_ID") == []
    if by == "code":
        assert (receipt.reported, receipt.refused, receipt.known_already) == (2, 0, 1)
        assert found(receipt, "DUPLICATE_ROW") == ["areas.gpkg layer areas, fid 3"]
    else:
        assert (receipt.reported, receipt.refused, receipt.known_already) == (3, 0, 0)
    assert "fid" not in receipt.columns.left_over


POSTS = """
source: posts
who: A district
licence: none stated
delivered: 2024-03-31
files: {posts: posts.geojson}
tables:
  - name: posts
    format: geojson
    records:
      - kind: hazard
        id: {column: no}
        date: delivered
        geometry: own
        fields:
          code: no
          hazard_class: {value: sha}
          status: {value: open}
"""


def posts(count: int = 2_100, after: str = "", **last: object) -> str:
    """More features than a batch holds, the last one with something the others do not have."""
    features = [
        {
            "type": "Feature",
            "properties": {"no": f"P{n}"},
            "geometry": {"type": "Point", "coordinates": [-75.1852 + n / 1e5, 6.1437]},
        }
        for n in range(count)
    ]
    features[-1]["properties"] |= last  # type: ignore[operator]
    return f'{{"type": "FeatureCollection", "features": {json.dumps(features)}{after}}}'


def test_a_column_that_comes_late_is_named_in_the_receipt(desk: Desk) -> None:
    receipt = desk.bring(POSTS, posts__geojson=posts(note="by hand"))
    assert receipt.identity == "2100 = 2100 + 0 + 0"
    assert receipt.columns.mapped == ("no", "(geometry)")
    assert receipt.columns.left_over == ("note",)
    assert receipt.counts.get("DUPLICATE_ROW", 0) == 0


def test_a_named_column_that_comes_late_is_read(desk: Desk) -> None:
    receipt = desk.bring(POSTS + "          name: note\n", posts__geojson=posts(note="by hand"))
    assert receipt.columns.left_over == ()
    names = [one.fields.get("name") for one in desk.register.at().records("hazard")]
    assert sorted(filter(None, names)) == ["by hand"]
    assert len(names) == 2_100


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (posts()[:-30], "TRUNCATED"),
        (posts(after=', "crs": {"type": "name", "properties": {"name": "EPSG:32638"}}'), "CRS_NOT_ALLOWED"),
        (posts(after=', "type": "FeatureCollection"'), "DUPLICATE_KEY"),
        (posts().replace('"P2099"}', '"P2099"]'), "JSON_SYNTAX"),
    ],
)
def test_what_is_wrong_at_the_end_of_a_file_keeps_all_of_it_out(desk: Desk, text: str, code: str) -> None:
    head = desk.register.ledger.head()
    with pytest.raises(FallowError) as refused:
        desk.bring(POSTS, posts__geojson=text)
    assert refused.value.code == code
    assert desk.register.ledger.head() == head
    assert desk.register.at().count("hazard") == 0
