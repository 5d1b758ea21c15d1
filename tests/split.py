"""A shop in three programs with SQS between them: those of docs/compose.yaml, started as it says.

Only where things are differs: PostgreSQL and Valkey are embedded, and the stand-in for SQS is the tests' own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bench.split import COMPOSE, PARTS
from testkit.ministack import CREDENTIALS, answers
from tests.journeys.process import Program, end, work_folder
from tests.sqs import settings_of

EMBEDDED = {"DATABASE_URL", "REDIS_URL", "SHOPFLOW_DATA"}  # Settings that the tests' programs do without, or have.
BRIEF = {"SQS_VISIBILITY_S": "3", "SQS_WAIT_S": "1"}  # So that who was killed is soon not waited for.


@dataclass
class Split:
    """All of its programs, by the names of their parts."""

    parts: dict[str, Program]
    replaced: list[Program] = field(default_factory=list)

    @property
    def edge(self) -> Program:
        return self.parts["edge"]

    def replace(self, part: str) -> Program:
        """Put another program into the place of one, which goes on running; gives the new one, not yet started."""
        own = self.parts[part]
        self.replaced.append(own)
        self.parts[part] = Program(own.data, settings=own.settings, words=own.words)
        return self.parts[part]

    async def end(self) -> None:
        """All of them, whoever replaced whom."""
        for program in (*self.replaced, *self.parts.values()):
            await end(program)

    async def start(self) -> None:
        """All at once; each waits for what it needs."""
        await asyncio.gather(*(program.start() for program in self.parts.values()))


@asynccontextmanager
async def split_shop(sqs_url: str, **settings: str) -> AsyncIterator[Split]:
    """A shop on a fresh folder with its queues, not yet started. Whatever still runs at the end is ended."""
    await answers(sqs_url)
    sqs = settings_of(sqs_url)
    here = {
        "AWS_ENDPOINT_URL": sqs_url,
        "AWS_REGION": sqs.aws_region,
        "SQS_PREFIX": sqs.sqs_prefix,
        "S3_BUCKET": sqs.s3_bucket,
        **CREDENTIALS,
    }
    assert here.keys() | EMBEDDED == COMPOSE["x-shopflow"]["environment"].keys()
    common = here | BRIEF | settings
    async with AsyncExitStack() as stack:
        data = stack.enter_context(work_folder())
        made = Split({name: Program(data, settings=dict(common), words=words) for name, words in PARTS.items()})
        stack.push_async_callback(made.end)
        await made.edge.good(*COMPOSE["services"]["queues"]["command"].split())
        yield made
