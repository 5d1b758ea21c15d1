"""Every safeguard is missed by somebody: with it a scenario finds nothing wrong, without it the same scenario does."""

import pytest

from testkit import ShopUnderTest
from tests.faults.ablation import Ablation
from tests.faults.ablations import ABLATIONS
from tests.faults.conftest import Scale
from tests.faults.report import Report
from tests.faults.scenarios.parts import Scenario

NAME = "every safeguard switched off, one at a time (each was missed)"
SCENARIOS = list(dict.fromkeys(ablation.scenario for ablation in ABLATIONS))


@pytest.mark.parametrize("scenario", [pytest.param(scenario, id=scenario.__name__) for scenario in SCENARIOS])
async def test_with_everything_on_a_scenario_finds_nothing(shop: ShopUnderTest, scenario: Scenario) -> None:
    assert await scenario(shop) == []


@pytest.mark.parametrize("ablation", [pytest.param(each, id=each.name) for each in ABLATIONS])
async def test_without_it_the_scenario_finds_something(
    shop: ShopUnderTest, scale: Scale, report: Report, ablation: Ablation
) -> None:
    async with ablation.off(shop):
        findings = await ablation.scenario(shop)

    assert findings, f"nobody misses it: {ablation.guards}"
    campaign = next((known for known in report.campaigns if known.name == NAME), None)
    campaign = campaign or report.campaign(NAME, scale.seed)
    campaign.runs += 1
    campaign.notes.append(f"{ablation.name}: guards against {ablation.guards}. Without it: {findings[0]}.")
