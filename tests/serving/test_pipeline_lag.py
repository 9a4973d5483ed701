"""The lag of the chain says what the library's own histogram would say of the same events."""

from prometheus_client import CollectorRegistry, generate_latest

from shared.service.metric_catalogue import PIPELINE_LAG
from shared.service.pipeline_lag import PipelineLag


def test_it_says_what_the_librarys_histogram_says() -> None:
    ages = [0.0, 0.004, 0.005, 0.3, 0.3, 4.9999, 5.0, 1e9]
    of_library, of_ours = CollectorRegistry(), CollectorRegistry()
    expected, lag = PIPELINE_LAG.histogram(of_library).labels("relay"), PipelineLag("relay", of_ours)
    for age in ages:
        expected.observe(age)
        lag.observe(age)
    for _ in range(3):
        expected.observe(2.0)
    lag.observe(2.0, 3)
    assert generate_latest(of_ours) == generate_latest(of_library)


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    registry = CollectorRegistry()
    lag = PipelineLag("figures", registry)
    lag.observe(1.5)
    lag.observe(-3600.0)
    assert registry.get_sample_value("motcua_pipeline_lag_seconds_sum", {"stage": "figures"}) == 1.5
    assert registry.get_sample_value("motcua_pipeline_lag_seconds_count", {"stage": "figures"}) == 2
