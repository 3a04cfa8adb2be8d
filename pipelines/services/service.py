"""The checked calls together: what pages may change, each in somebody's name, each in the table of roles.

A page holds a `Service` and nothing else that writes. A test walks every public method with every role; one
without `@checked` fails it.
"""

from __future__ import annotations

from pipelines.services.service_jobs import JobCalls
from pipelines.services.service_judge import JudgeCalls
from pipelines.services.service_keep import KeepCalls
from pipelines.services.service_make import MakeCalls


class Service(MakeCalls, JobCalls, JudgeCalls, KeepCalls):
    """Everything a page may change, in the name of one actor. Raises NotPermitted for what the role may not."""
