"""deploy/: every name in rules and dashboard is exported, every exported one is shown, and the rules fire."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml
from tests.deploy.names import EXPORTED, TARGET, grouped, labels_of, selectors
from tests.deploy.prometheus import MISSING, PROMETHEUS, PROMTOOL, Prometheus, prometheus, promtool
from tests.deploy.series import FIRING, HEALTHY, NOT_BEGUN
from tests.functional.gateway_process import doorward
from tests.functional.upstreams import listening
from tests.waiting import until_here

from doorward.control.admin import EXPOSITION
from doorward.control.audit.filter import parse
from doorward.core.decision import Effect, Reason
from doorward.core.looking import ARGUMENTS, RESULTS
from doorward.gateway.meter import FINDINGS, METRICS, STAGES, Meter
from doorward.supervisor.exposition import SINKS, Shipping, View, render
from doorward.supervisor.totals import combined

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
SCRAPE = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
GROUPS = yaml.safe_load(ALERTS.read_text())["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
DASHBOARD = json.loads((DEPLOY / "grafana" / "doorward.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}

VALUES = {
    "reason": frozenset(map(str, Reason)),
    "decision": frozenset(map(str, Effect)),
    "stage": frozenset(STAGES),
    "direction": frozenset((ARGUMENTS, RESULTS)),
    "entity": frozenset(("SECRET",)),
    "job": frozenset((SCRAPE["scrape_configs"][0]["job_name"],)),
}
"""What may stand in a matcher."""

NOT_SHOWN: dict[str, str] = {"doorward_sink_unreadable_total": "0 unless somebody was at the log; it has an alert"}
"""Metric -> why it is on no panel."""

needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason=MISSING.format("promtool"))
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason=MISSING.format("prometheus"))


def expressions() -> Iterator[tuple[str, str]]:
    for name, rule in RULES.items():
        yield name, rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        if "expr" in annotation:
            yield annotation["name"], annotation["expr"]


EXPRESSIONS = dict(expressions())


# -- names


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_every_name_is_one_that_is_exported(where: str) -> None:
    possible: set[str] = set()
    for series, matchers in selectors(EXPRESSIONS[where]):
        _, labels = labels_of(series)
        possible |= labels
        for label, value in matchers:
            assert label in labels, series
            if not value.startswith("$"):
                assert set(value.split("|")) <= VALUES[label], series
    assert possible, "asks for nothing"
    assert grouped(EXPRESSIONS[where]) <= possible


def test_a_wrong_name_is_seen() -> None:
    for series in ("doorward_calls", "doorward_gateway_seconds", "doorward_calls_total_bucket", "doorward_nothing"):
        with pytest.raises(KeyError):
            labels_of(series)
    assert labels_of("doorward_gateway_seconds_bucket")[1] == {"stage", "le", *TARGET}
    assert list(selectors('sum by (a, b) (rate(doorward_x{c="d", e=~"f"}[5m])) > up')) == [
        ("doorward_x", [("c", "d"), ("e", "f")]),
        ("up", []),
    ]
    assert grouped("sum by (a, b) (x) / on (c) y") == {"a", "b", "c"}


def test_every_metric_is_on_the_dashboard_or_has_a_reason() -> None:
    shown = {
        labels_of(series)[0]
        for panel in PANELS
        for target in panel["targets"]
        for series, _ in selectors(target["expr"])
    }
    assert set(EXPORTED) - shown == set(NOT_SHOWN)
    assert all(NOT_SHOWN.values())


# -- rules


@pytest.mark.parametrize("alert", RULES)
def test_an_alert_says_what_to_do(alert: str) -> None:
    rule = RULES[alert]
    annotations = rule["annotations"]
    assert set(annotations) == {"summary", "description", "doc"}
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert len(annotations["description"]) > len(annotations["summary"]) > 20
    page, _, anchor = annotations["doc"].partition("#")
    text = (ROOT / page).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert not anchor or anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}


@pytest.mark.parametrize("alert", RULES)
def test_an_alert_uses_labels_that_it_has(alert: str) -> None:
    rule = RULES[alert]
    told = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))
    kept = grouped(rule["expr"])
    if not kept:
        kept = {label for series, _ in selectors(rule["expr"]) for label in labels_of(series)[1]}
    assert told <= kept


def test_what_alerts_ask_the_log_can_be_asked() -> None:
    asked = re.findall(
        r"doorward audit query '([^']*)'", " ".join(r["annotations"]["description"] for r in RULES.values())
    )
    assert len(asked) >= 2
    for filtered in asked:
        parse(re.sub(r"\{\{.*?\}\}", "policy.denied", filtered), 0.0)


def test_the_rules_of_the_documentation_are_these() -> None:
    shown = re.findall(r"^- alert: (\w+)$", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert shown
    assert set(shown) <= set(RULES)


def test_every_alert_has_series_that_fire_it() -> None:
    assert set(FIRING) == set(RULES)
    assert len(RULES) == sum(len(group["rules"]) for group in GROUPS)


@needs_promtool
def test_promtool_finds_nothing() -> None:
    promtool("check", "rules", str(ALERTS))
    promtool("check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))


@needs_promtool
def test_each_alert_fires_alone_and_none_where_all_is_well(tmp_path: Path) -> None:
    cases = [_case(alert, at, series) for alert, (at, series) in FIRING.items()] + [_case(*NOT_BEGUN)]
    healthy = [_case("", at, HEALTHY) for at in ("5m", "32m", "60m", "119m")]
    file = tmp_path / "cases.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": cases + healthy})
    )
    promtool("test", "rules", str(file))


def _case(alert: str, at: str, series: list[tuple[str, str]]) -> dict[str, Any]:
    firing = [{"labels": f'{{alertname="{alert}"}}', "value": 1}] if alert else []
    return {
        "name": alert or "healthy",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (count by (alertname, instance) (ALERTS{alertstate="firing"}))',
                "eval_time": at,
                "exp_samples": firing,
            }
        ],
    }


def test_the_pages_beside_it_are_there() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", (DEPLOY / "README.md").read_text(encoding="utf-8"))
    assert links
    assert all((DEPLOY / link).exists() for link in links)


# -- the dashboard


def test_the_dashboard_can_be_imported() -> None:
    assert DASHBOARD["id"] is None
    assert (DASHBOARD["uid"], DASHBOARD["title"]) == ("doorward", "Doorward")
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert next(iter(VARIABLES)) == "datasource"  # the others are asked of it
    assert VARIABLES["datasource"]["type"] == "datasource"
    for name, variable in VARIABLES.items():
        if name != "datasource":
            assert variable["datasource"]["uid"] == "${datasource}"
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]).groups()  # type: ignore[union-attr]
            assert label in labels_of(metric)[1]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_is_whole(panel: dict[str, Any]) -> None:
    assert panel["type"] in ("timeseries", "stat")
    assert panel["title"]
    assert panel["description"]
    assert panel["targets"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["fieldConfig"]["defaults"]["unit"]
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references)
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        named = set(re.findall(r"\$(\w+)", target["expr"]))
        assert named <= {*VARIABLES, "__rate_interval"}
        legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        kept = grouped(target["expr"]) or {
            label for series, _ in selectors(target["expr"]) for label in labels_of(series)[1]
        }
        assert legend <= kept


def test_panels_do_not_overlap() -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in DASHBOARD["panels"]]
    for title, place in places:
        assert place["x"] + place["w"] <= 24, title
    for (one, a), (other, b) in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (one, other)


# -- the real thing


def everything() -> bytes:
    """A page of metrics that has a series of each."""
    meter = Meter()
    for metric in METRICS:
        if metric.kind == "counter":
            meter.count(metric.name, *(min(VALUES.get(label, {"crm"}), key=len) for label in metric.labels))
        elif metric.kind == "gauge":
            meter.watch(metric.name, lambda: 1)
    for effect, direction in zip(Effect, (ARGUMENTS, RESULTS) * 2, strict=True):
        meter.count("doorward_calls_total", "crm", "tools/call", str(effect), "policy.denied")
        meter.count("doorward_findings_total", "SECRET", direction)
    for stage in (*STAGES, "whole"):
        meter.observe(stage, 0.002)
    sink = {"name": "splunk", "since": 1.0} | {member: 0.0 for _, member, _ in SINKS.values()}
    total = combined([meter.export()])
    return render(View(total, {0: True, 1: False}, 1, 1, False, Shipping(True, 0, [sink])))


@contextmanager
def page(content: bytes) -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", EXPOSITION)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Silence."""

    with listening(Page) as server:
        yield f"127.0.0.1:{server.server_port}"


def fast(*targets: str) -> dict[str, Any]:
    """deploy/prometheus/prometheus.yml with other targets, and quick."""
    (job,) = SCRAPE["scrape_configs"]
    job = {**job, "scrape_timeout": "200ms", "static_configs": [{"targets": list(targets)}]}
    pace = {"scrape_interval": "200ms", "evaluation_interval": "200ms"}
    return {"global": pace, "rule_files": [str(ALERTS)], "scrape_configs": [job]}


def asked_of(running: Prometheus, instance: str, expression: str) -> list[Any]:
    for name, value in {"instance": re.escape(instance), "server": ".*", "sink": ".*", "__rate_interval": "2s"}.items():
        expression = expression.replace(f"${name}", value.replace("\\", "\\\\"))
    return running.query(expression)


def scraped(running: Prometheus, instance: str) -> bool:
    return bool(running.query(f'count_over_time(doorward_config_version{{instance="{instance}"}}[1m]) > 3'))


class Real(NamedTuple):
    """A Prometheus that reads a page with everything, and a gateway."""

    prometheus: Prometheus
    page: str
    gateway: str


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    directory = tmp_path_factory.mktemp("real")
    addresses = 'listen: {address: "127.0.0.1:0"}\nadmin: {address: "127.0.0.1:0"}\n'
    configuration = (
        f"{addresses}servers:\n  crm: {{url: 'http://127.0.0.1:9/mcp'}}\n"
        "audit: {sinks: [{use: file, name: local, path: out.jsonl}]}\n"
    )
    with page(everything()) as shown, doorward(directory, configuration) as gateway:
        gateway.ready()
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x", "arguments": {}}}
        for path in ("/mcp/crm", "/nothing"):
            call = Request(f"http://{gateway.listen[0]}:{gateway.listen[1]}{path}", json.dumps(message).encode())
            with suppress(HTTPError):
                urlopen(call, timeout=20).close()
        until_here(lambda: gateway.metric('doorward_sink_delivered_total{sink="local"}'))
        instance = f"{gateway.admin[0]}:{gateway.admin[1]}"
        with prometheus(directory, fast(shown, instance)) as running:
            until_here(lambda: scraped(running, shown) and scraped(running, instance))
            yield Real(running, shown, instance)


@needs_prometheus
def test_every_panel_shows_something(real: Real) -> None:
    asked = {where: expression for where, expression in EXPRESSIONS.items() if where not in RULES}
    empty = [where for where, expression in asked.items() if not asked_of(real.prometheus, real.page, expression)]
    assert empty == ["Configuration changes"]  # there was none


@needs_prometheus
def test_every_rule_is_evaluated(real: Real) -> None:
    def healthy() -> bool:
        groups = real.prometheus.get("rules")["groups"]
        return all(rule["health"] == "ok" for group in groups for rule in group["rules"])

    until_here(healthy)
    until_here(
        lambda: real.prometheus.query('ALERTS{alertname="DoorwardWorkerDown", worker="1"}')
    )  # pending, for a minute


@needs_prometheus
def test_a_gateway_exports_what_it_says(real: Real) -> None:
    targets = real.prometheus.get("targets")["activeTargets"]
    assert [(target["health"], target["lastError"]) for target in targets] == [("up", "")] * 2
    found = real.prometheus.query(f'count by (__name__) ({{instance="{real.gateway}", __name__=~"doorward_.+"}})')
    shown = {labels_of(series["metric"]["__name__"])[0] for series in found}
    assert set(EXPORTED) - shown == {FINDINGS}  # nothing was found in that call
