"""Face two, addresses: the whole list of what can be asked."""

from __future__ import annotations

from django.urls import path

from fallow.web import api, built, checking, figures, guard, pages, publishing

urlpatterns = [
    path("", pages.map_page, name="map"),
    path("records", pages.records_start, name="records-start"),
    path("records/<slug:kind>", pages.records_page, name="records"),
    path("record/<str:record>", pages.record_page, name="record"),
    path("figures", figures.figures_start, name="figures-start"),
    path("figures/<slug:name>", figures.figure_page, name="figures"),
    path("figures/<slug:name>/explain", figures.explain_page, name="figures-explain"),
    path("publish", publishing.publish_start, name="publish-start"),
    path("publish/statement/<str:record>", publishing.statement_page, name="publish-statement"),
    path("publish/<slug:name>", publishing.publish_page, name="publish"),
    path("check", checking.check_page, name="check"),
    path("about", pages.about_page, name="about"),
    path("language/<slug:chosen>", pages.choose_language, name="language"),
    path("api/kinds", api.kinds),
    path("api/layer/<slug:kind>.geojson", api.layer),
    path("api/tile/<int:zoom>/<int:x>/<int:y>.mvt", api.tile),
    path("api/shape/<str:record>.geojson", api.shape),
    path("api/summary", api.summary),
    path("api/times", api.times),
    path("api/table", api.table),
    path("api/difference", api.difference),
    path("built/<path:path>", built.serve_built),
]

handler400 = guard.bad_request
handler404 = guard.not_found
handler500 = guard.fault
