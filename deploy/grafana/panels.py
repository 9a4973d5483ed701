"""The shapes of Grafana panels this project uses: what a panel says is in the boards,
how Grafana wants it said is here."""  # noqa: INP001 - beside the script that uses it

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Tile = tuple[int, int, Json]  # width, height, panel

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
_SOLID = {"fillOpacity": 85, "lineWidth": 0}
_LEGEND = {"showLegend": True, "displayMode": "list", "placement": "bottom"}
_LAST = {"reduceOptions": {"calcs": ["lastNotNull"]}}


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression, the name of what it gives, and where they are its own its colour and unit."""

    expression: str
    legend: str
    colour: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a label that bars are stacked by: what it is called, and its colour."""

    value: str
    name: str
    colour: str


def _targets(queries: Sequence[Query], *, instant: bool, table: bool = False) -> list[Json]:
    return [
        {
            "refId": _letter(index),
            "datasource": DATASOURCE,
            "expr": query.expression,
            "legendFormat": query.legend,
            "instant": instant,
            "range": not instant,
            "format": "table" if table else "time_series",
        }
        for index, query in enumerate(queries)
    ]


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _override(field: str, **properties: Any) -> Json:
    return {
        "matcher": {"id": "byName", "options": field},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def _coloured(field: str, colour: str) -> Json:
    return _override(field, color={"mode": "fixed", "fixedColor": colour})


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


def stat(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "locale",
    steps: Json | None = None,
    trend: bool = False,
    names: Mapping[str, str] | None = None,
    unknown: str | None = None,
) -> Json:
    """A number as it is now, or a few with their names; with a trend, the line that led to it.

    `unknown`: what stands there when the number is none (NaN), in the colour of a warning.
    """
    defaults = {"unit": unit, "color": {"mode": "thresholds"}, "thresholds": steps or thresholds((None, "text"))}
    if unknown is not None:
        said = {"text": unknown, "color": "orange", "index": 0}
        defaults["mappings"] = [{"type": "special", "options": {"match": "null+nan", "result": said}}]
    overrides = [_override(query.legend, unit=query.unit) for query in queries if query.unit] + _called(names or {})
    named = len(queries) > 1 or "{{" in queries[0].legend
    return _panel(
        "stat", title, description, _targets(queries, instant=not trend), defaults=defaults, overrides=overrides
    ) | {
        "options": _LAST
        | {"graphMode": "area" if trend else "none", "textMode": "value_and_name" if named else "value"}
    }


def lights(
    title: str, description: str, query: Query, states: Mapping[int, tuple[str, str]], names: Mapping[str, str]
) -> Json:
    """A coloured field for each series: its name, and what its value means."""
    options = {
        str(value): {"text": text, "color": colour, "index": index}
        for index, (value, (text, colour)) in enumerate(states.items())
    }
    defaults = {"unit": "short", "mappings": [{"type": "value", "options": options}]}
    return _panel(
        "stat", title, description, _targets([query], instant=True), defaults=defaults, overrides=_called(names)
    ) | {"options": _LAST | {"colorMode": "background", "graphMode": "none", "textMode": "value_and_name"}}


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
        "options": _LAST | {"showThresholdMarkers": False}
    }


def stacked(title: str, description: str, expression: str, *, by: tuple[str, str], parts: Sequence[Part]) -> Json:
    """Horizontal bars, one for each value of the first label, made of parts, one for each value of the second."""
    row, column = by
    corner = f"{row}\\{column}"
    matrix = {"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"}
    order = {corner: 0} | {part.value: index for index, part in enumerate(parts, start=1)}
    organise = {"indexByName": order, "renameByName": {corner: row} | {part.value: part.name for part in parts}}
    return _panel(
        "barchart",
        title,
        description,
        _targets([Query(expression, "")], instant=True, table=True),
        defaults={"unit": "locale", "min": 0, "custom": _SOLID},
        overrides=[_coloured(part.name, part.colour) for part in parts],
    ) | {
        "transformations": [{"id": "groupingToMatrix", "options": matrix}, {"id": "organize", "options": organise}],
        "options": {
            "orientation": "horizontal",
            "showValue": "auto",
            "xField": row,
            "stacking": "normal",
            "tooltip": {"mode": "multi", "sort": "none"},
            "legend": _LEGEND,
        },
    }


def across(title: str, description: str, expression: str, *, by: str, names: Mapping[str, str]) -> Json:
    """A table of one row, with a column for each value of a label, in the order of the names."""
    corner = f"Time\\{by}"
    matrix = {"rowField": "Time", "columnField": by, "valueField": "Value", "emptyValue": "null"}
    organise = {
        "excludeByName": {corner: True},
        "indexByName": {value: index for index, value in enumerate(names)},
        "renameByName": dict(names),
    }
    targets = _targets([Query(expression, "")], instant=True, table=True)
    return _panel("table", title, description, targets, defaults={"unit": "locale"}, overrides=[]) | {
        "transformations": [{"id": "groupingToMatrix", "options": matrix}, {"id": "organize", "options": organise}],
        "options": {"showHeader": True, "cellHeight": "sm"},
    }


def table(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    rows: Mapping[str, str],
    links: Mapping[str, tuple[str, str]] | None = None,
    sort: str | None = None,
) -> Json:
    """A row for each set of the labels that `rows` names, a column for each label and each query.

    `links`: by heading, what a link from its cells is called and where it leads; `sort`: by which, the largest first.
    """
    values = {
        "Value" if len(queries) == 1 else f"Value #{_letter(index)}": query for index, query in enumerate(queries)
    }
    renamed = dict(rows) | {field: query.legend for field, query in values.items()}
    organise = {
        "excludeByName": {"Time": True},
        "indexByName": {field: index for index, field in enumerate(renamed)},
        "renameByName": renamed,
    }
    overrides = [_override(query.legend, unit=query.unit) for query in queries if query.unit]
    overrides += [
        _override(heading, links=[{"title": called, "url": url, "targetBlank": True}])
        for heading, (called, url) in (links or {}).items()
    ]
    targets = _targets(queries, instant=True, table=True)
    return _panel("table", title, description, targets, defaults={"unit": "locale"}, overrides=overrides) | {
        "transformations": [{"id": "merge", "options": {}}, {"id": "organize", "options": organise}],
        "options": {"showHeader": True, "cellHeight": "sm"}
        | ({"sortBy": [{"displayName": sort, "desc": True}]} if sort else {}),
    }


def timeline(
    title: str,
    description: str,
    *queries: Query,
    unit: str,
    stacked: bool = False,
    names: Mapping[str, str] | None = None,
    least: int | None = 0,
) -> Json:
    """Lines over time; `least` None where values may lie below 0."""
    custom = {
        "lineWidth": 1,
        "fillOpacity": 20 if stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none"},
    }
    defaults: Json = {"unit": unit, "custom": custom} | ({} if least is None else {"min": least})
    overrides = [_coloured(query.legend, query.colour) for query in queries if query.colour] + _called(names or {})
    return _panel(
        "timeseries", title, description, _targets(queries, instant=False), defaults=defaults, overrides=overrides
    ) | {"options": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}}


def _called(names: Mapping[str, str]) -> list[Json]:
    return [_override(legend, displayName=name) for legend, name in names.items()]


def laid_out(rows: Sequence[tuple[str, Sequence[Tile]]]) -> list[Json]:
    """Panels placed left to right, below the heading of their row where it has one."""
    placed: list[Json] = []
    top = 0
    for heading, panels in rows:
        if heading:
            head = {"type": "row", "title": heading, "collapsed": False, "panels": []}
            placed.append(head | {"gridPos": _grid(0, top, COLUMNS, 1)})
            top += 1
        left, tallest = 0, 0
        for width, height, panel in panels:
            if left + width > COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            placed.append(panel | {"gridPos": _grid(left, top, width, height)})
            left, tallest = left + width, max(tallest, height)
        top += tallest
    return [panel | {"id": number} for number, panel in enumerate(placed, start=1)]


def _grid(left: int, top: int, width: int, height: int) -> Json:
    return {"x": left, "y": top, "w": width, "h": height}


def board(name: str, title: str, description: str, rows: Sequence[tuple[str, Sequence[Tile]]], **more: Any) -> Json:
    """A dashboard; `more` stands in place of what all have in common."""
    return {
        "uid": f"motcua-{name}",
        "title": title,
        "description": description,
        "tags": ["motcua"],
        "schemaVersion": 41,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "Asia/Ho_Chi_Minh",
        "templating": {"list": []},
        "annotations": {"list": []},
        "links": [],
        "panels": laid_out(rows),
    } | more


def chosen_datasource() -> Json:
    """The Prometheus that is asked; Grafana's default one until somebody chooses."""
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "hide": 0,
        "current": {"text": "default", "value": "default"},
    }


def address(name: str, label: str, url: str) -> Json:
    """Where links lead; whoever installs the boards puts in their own."""
    return {
        "type": "constant",
        "name": name,
        "label": label,
        "query": url,
        "hide": 2,
        "current": {"text": url, "value": url},
    }


def link(title: str, url: str) -> Json:
    """From the head of a board to another place."""
    return {
        "type": "link",
        "title": title,
        "url": url,
        "icon": "external link",
        "tooltip": "",
        "tags": [],
        "asDropdown": False,
        "targetBlank": True,
        "includeVars": False,
        "keepTime": False,
    }


def siblings() -> Json:
    """From the head of a board to the others."""
    return link("", "") | {
        "type": "dashboards",
        "title": "Một cửa",
        "tags": ["motcua"],
        "icon": "",
        "targetBlank": False,
        "keepTime": True,
    }
