"""Every safeguard is missed by somebody: with it a trial finds nothing wrong, without it the same trial does."""

import pytest

from testkit import ShopUnderTest
from tests.faults.ablations import ABLATIONS, Ablation
from tests.faults.conftest import Scale
from tests.faults.report import Report
from tests.faults.trials.parts import Trial

NAME = "every safeguard switched off, one at a time (each was missed)"
TRIALS = list(dict.fromkeys(ablation.trial for ablation in ABLATIONS))


@pytest.mark.parametrize("trial", [pytest.param(trial, id=trial.__name__) for trial in TRIALS])
async def test_with_everything_on_a_trial_finds_nothing(shop: ShopUnderTest, trial: Trial) -> None:
    assert await trial(shop) == []


@pytest.mark.parametrize("ablation", [pytest.param(each, id=each.name) for each in ABLATIONS])
async def test_without_it_the_trial_finds_something(
    shop: ShopUnderTest, scale: Scale, report: Report, ablation: Ablation
) -> None:
    async with ablation.off(shop):
        findings = await ablation.trial(shop)

    assert findings, f"nobody misses it: {ablation.guards}"
    campaign = next((known for known in report.campaigns if known.name == NAME), None)
    campaign = campaign or report.campaign(NAME, scale.seed)
    campaign.runs += 1
    campaign.notes.append(f"{ablation.name}: guards against {ablation.guards}. Without it: {findings[0]}.")
