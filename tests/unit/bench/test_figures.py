"""The bench's arithmetic, its table and its JSON form."""

import json

import pytest

from tests.bench.figures import Row, document, median_row, percentile, table
from tests.bench.overhead import rows

FIELDS = {"name", "value", "unit", "reference", "reference_value", "ratio", "n"}


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([3, 1, 2], 50, 2), ([1, 2, 3, 4], 50, 2), (range(1, 101), 95, 95), ([7], 95, 7), ([5, 1], 100, 5)],
)
def test_a_percentile_is_a_measured_value(values, percent, expected):
    assert percentile(values, percent) == expected


def test_nothing_measured_is_an_error():
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 50)


def test_less_time_is_better_and_more_servers_are():
    assert Row("a", 100.0, "ms", 5, "stock", 1200.0).ratio == 12
    assert Row("b", 16.5, "servers/s", 3, "other", 0.66).ratio == pytest.approx(25)
    assert Row("c", 16.5, "servers/s", 3).ratio is None


def test_a_reference_may_be_measured_or_known():
    assert median_row("a", [1.0, 9.0, 2.0], "stock", [30.0, 10.0, 20.0]).reference_value == 20
    known = median_row("a", [1.0, 9.0, 2.0], "OpenStack", 250.0)
    assert (known.value, known.n, known.reference_value) == (2, 3, 250)


def test_the_rows_of_run_overheads():
    found = {"tenrec": [100.0, 110.0, 120.0], "tuned": [900.0], "stock": [1000.0, 1400.0]}
    made = {row.name: row for row in rows(found)}
    assert made["run_overhead_p50"].ratio == pytest.approx(1000 / 110)
    assert (made["run_overhead_p95"].value, made["run_overhead_p95"].reference_value) == (120, 1400)
    assert made["run_overhead_tuned_p50"].reference_value == 900


def test_the_json_form_has_every_field_of_every_row():
    shown = json.loads(document([Row("a", 1 / 3, "ms", 5, "stock", 2.0), Row("b", 2.0, "servers/s", 1)]))
    assert [set(row) for row in shown] == [FIELDS, FIELDS]
    assert shown[0] == {
        "name": "a",
        "value": 0.333,
        "unit": "ms",
        "n": 5,
        "reference": "stock",
        "reference_value": 2.0,
        "ratio": 6.0,
    }
    assert (shown[1]["reference"], shown[1]["reference_value"], shown[1]["ratio"]) == (None, None, None)


def test_the_table_lines_up():
    lines = table([Row("short", 1234.5, "ms", 5, "stock", 20000.0), Row("much_longer_name", 2.0, "servers/s", 1)])
    heading, first, second = lines.splitlines()
    assert first.index("ms") == second.index("servers/s") == heading.index("unit")
    assert "1,234" in first
    assert first.endswith("16.2")
