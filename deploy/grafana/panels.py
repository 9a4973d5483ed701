"""The shapes of Grafana panels this project uses: what a panel says is in dashboard.py,
how Grafana wants it said is here."""  # noqa: INP001 - beside the script that uses it

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Tile = tuple[int, int, Json]  # width, height, panel

DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS = 24
_SOLID = {"fillOpacity": 85, "lineWidth": 0}
_BARS = {"orientation": "horizontal", "showValue": "auto", "tooltip": {"mode": "multi", "sort": "none"}}


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression, the name of what it gives, and its colour where a colour means something."""

    expression: str
    legend: str
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a label that bars are stacked by: what it is called, and its colour."""

    value: str
    name: str
    colour: str


def _targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[Json]:
    return [
        {
            "refId": chr(ord("A") + index),
            "datasource": DATASOURCE,
            "expr": query.expression,
            "legendFormat": query.legend,
            "instant": instant,
            "range": not instant,
            "format": "table" if table else "time_series",
        }
        for index, query in enumerate(queries)
    ]


def _coloured(field: str, colour: str) -> Json:
    return {
        "matcher": {"id": "byName", "options": field},
        "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
    }


def _panel(
    kind: str, title: str, description: str, targets: list[Json], *, defaults: Json, overrides: list[Json]
) -> Json:
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": overrides},
    }


def thresholds(*steps: tuple[float | None, str]) -> Json:
    """Colours from a value on; the first step has no value and colours what lies below the others."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in steps]}


def stat(title: str, description: str, query: Query, *, unit: str = "locale", steps: Json | None = None) -> Json:
    """One number, as it is now."""
    defaults = {"unit": unit, "color": {"mode": "thresholds"}, "thresholds": steps or thresholds((None, "text"))}
    return _panel("stat", title, description, _targets([query], instant=True), defaults=defaults, overrides=[]) | {
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none", "textMode": "value"}
    }


def share(title: str, description: str, query: Query) -> Json:
    """A share between 0 and 100 %, as a gauge."""
    defaults = {
        "unit": "percentunit",
        "decimals": 1,
        "min": 0,
        "max": 1,
        "color": {"mode": "fixed", "fixedColor": "blue"},
    }
    return _panel("gauge", title, description, _targets([query], instant=True), defaults=defaults, overrides=[]) | {
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "showThresholdMarkers": False}
    }


def bars(
    title: str, description: str, query: Query, *, by: str, names: Mapping[str, str], unit: str = "locale"
) -> Json:
    """Horizontal bars, one for each value of a label."""
    defaults: Json = {
        "unit": unit,
        "min": 0,
        "color": {"mode": "fixed", "fixedColor": query.colour or "blue"},
        "custom": _SOLID,
    }
    if unit == "percentunit":
        defaults |= {"decimals": 1, "max": 1}
    targets = _targets([query], instant=True, table=True)
    organise = {"excludeByName": {"Time": True}, "renameByName": {"Value": query.legend}}
    return _panel("barchart", title, description, targets, defaults=defaults, overrides=[_named(by, names)]) | {
        "transformations": [{"id": "organize", "options": organise}],
        "options": _BARS
        | {
            "xField": by,
            "stacking": "none",
            "legend": {"showLegend": False, "displayMode": "list", "placement": "bottom"},
        },
    }


def stacked(
    title: str,
    description: str,
    expression: str,
    *,
    by: tuple[str, str],
    names: Mapping[str, str],
    parts: Sequence[Part],
) -> Json:
    """Horizontal bars, one for each value of the first label, made of parts, one for each value of the second."""
    row, column = by
    corner = f"{row}\\{column}"
    matrix = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    order = {corner: 0} | {part.value: index for index, part in enumerate(parts, start=1)}
    organise = {"indexByName": order, "renameByName": {corner: row} | {part.value: part.name for part in parts}}
    defaults = {"unit": "locale", "min": 0, "custom": _SOLID}
    targets = _targets([Query(expression, "")], instant=True, table=True)
    overrides = [_named(row, names), *(_coloured(part.name, part.colour) for part in parts)]
    return _panel("barchart", title, description, targets, defaults=defaults, overrides=overrides) | {
        "transformations": [{"id": "groupingToMatrix", "options": matrix}, {"id": "organize", "options": organise}],
        "options": _BARS
        | {
            "xField": row,
            "stacking": "normal",
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
        },
    }


def table(title: str, description: str, query: Query, *, by: str, names: Mapping[str, str], heading: str) -> Json:
    """A label's values and their numbers, by name."""
    organise = {"excludeByName": {"Time": True}, "renameByName": {by: heading, "Value": query.legend}}
    targets = _targets([query], instant=True, table=True)
    return _panel(
        "table", title, description, targets, defaults={"unit": "locale"}, overrides=[_named(heading, names)]
    ) | {
        "transformations": [{"id": "organize", "options": organise}],
        "options": {"showHeader": True, "cellHeight": "sm"},
    }


def timeline(title: str, description: str, queries: Sequence[Query], *, unit: str, stacked: bool = False) -> Json:
    """Lines over time."""
    stacking = {"mode": "normal" if stacked else "none"}
    custom = {
        "lineWidth": 1,
        "fillOpacity": 20 if stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": stacking,
    }
    defaults = {"unit": unit, "min": 0, "custom": custom}
    overrides = [_coloured(query.legend, query.colour) for query in queries if query.colour]
    return _panel(
        "timeseries", title, description, _targets(queries, instant=False), defaults=defaults, overrides=overrides
    ) | {
        "options": {
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    }


def _named(field: str, names: Mapping[str, str]) -> Json:
    options = {code: {"text": name, "index": index} for index, (code, name) in enumerate(names.items())}
    return {
        "matcher": {"id": "byName", "options": field},
        "properties": [{"id": "mappings", "value": [{"type": "value", "options": options}]}],
    }


def laid_out(rows: Sequence[tuple[str, Sequence[Tile]]]) -> list[Json]:
    """Panels placed left to right below the heading of their row."""
    placed: list[Json] = []
    top = 0
    for heading, panels in rows:
        placed.append(
            {"type": "row", "title": heading, "collapsed": False, "panels": [], "gridPos": _grid(0, top, COLUMNS, 1)}
        )
        left, top, tallest = 0, top + 1, 0
        for width, height, panel in panels:
            if left + width > COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            placed.append(panel | {"gridPos": _grid(left, top, width, height)})
            left, tallest = left + width, max(tallest, height)
        top += tallest
    return [panel | {"id": number} for number, panel in enumerate(placed, start=1)]


def _grid(left: int, top: int, width: int, height: int) -> Json:
    return {"x": left, "y": top, "w": width, "h": height}
