"""Uses the client that openapi-python-client generated, against the server that the argument names.

Everything is sent and read through the generated functions and models alone.
"""

import io
import sys
from datetime import datetime, timedelta, timezone

from humanops_api import AuthenticatedClient, Client
from humanops_api.api.agents import deposit_usdc, register_agent
from humanops_api.api.events import list_events
from humanops_api.api.operators import accept_task, register_operator, upload
from humanops_api.api.tasks import create_task, get_task, list_tasks
from humanops_api.models import (
    CreateTask,
    DepositUsdc,
    ErrorBody,
    ErrorCode,
    Location,
    RegisterAgent,
    RegisterOperator,
    TaskType,
    UploadForm,
)
from humanops_api.types import UNSET, File

# One black pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001485fe47b0000000049454e44ae426082"
)


def the(status, response):
    assert response.status_code == status, (response.status_code, response.content)
    return response.parsed


def photo_task(**changes):
    task = {
        "title": "Photograph the shop front",
        "description": "From the other side of the street.",
        "location": Location(lat=40.7128, lng=-74.006, address="123 Main St, New York"),
        "reward_usd": "12.50",
        "deadline": datetime.now(timezone.utc) + timedelta(days=1),
        "proof_requirements": ["The sign can be read"],
        "task_type": TaskType.PHOTO,
    }
    return CreateTask(**{**task, **changes})


url = sys.argv[1]
anyone = Client(base_url=url, raise_on_unexpected_status=True)
registration = RegisterAgent(name="generated", email="generated@example.com")
registering = register_agent.sync_detailed(client=anyone, body=registration, x_admin_key="k")
registered = the(201, registering)
agent = AuthenticatedClient(base_url=url, token=registered.api_key, raise_on_unexpected_status=True)

simulated = photo_task(reward_usd=10)
simulated = the(201, create_task.sync_detailed(client=agent, body=simulated, x_sandbox=True))
assert simulated.sandbox is True, simulated
money = DepositUsdc(tx_hash=f"0x{9:064x}", amount_usdc="100")
the(201, deposit_usdc.sync_detailed(client=agent, body=money))
created = the(
    201,
    create_task.sync_detailed(
        client=agent,
        body=photo_task(external_id=None, digital_instructions=UNSET),
        x_sandbox=False,
        idempotency_key="generated-1",
    ),
)
assert created.sandbox is not True, created

listed = the(200, list_tasks.sync_detailed(client=agent, limit=10))
assert {task.task_id for task in listed.data} == {simulated.task_id, created.task_id}, listed
shown = the(200, get_task.sync_detailed(id=created.task_id, client=agent))
assert shown.title == "Photograph the shop front" and shown.operator is None, shown
log = the(200, list_events.sync_detailed(client=agent))
event = log.data[0].event_id
later = the(200, list_events.sync_detailed(client=agent, after=event, last_event_id=event))
assert len(later.data) == len(log.data) - 1, later

faulty = photo_task(title="", reward_usd="x")
refused = the(400, create_task.sync_detailed(client=agent, body=faulty))
assert isinstance(refused, ErrorBody) and refused.code == ErrorCode.VALIDATION, refused
assert {fault.field for fault in refused.details} == {"title", "reward_usd"}, refused
missing = the(404, get_task.sync_detailed(id="task_00000000000000000000000000", client=agent))
assert isinstance(missing, ErrorBody) and missing.code == ErrorCode.NOT_FOUND, missing

person = RegisterOperator(name="Jane Doe", email="generated-operator@example.com")
operator_id = the(201, register_operator.sync_detailed(client=anyone, body=person)).operator_id
operator = AuthenticatedClient(
    base_url=url,
    token=operator_id,
    prefix="",
    auth_header_name="X-Operator-Id",
    raise_on_unexpected_status=True,
)
the(200, accept_task.sync_detailed(id=created.task_id, client=operator))
for task_id in (created.task_id, UNSET):
    photo = File(payload=io.BytesIO(PNG), file_name="front.png", mime_type="image/png")
    form = UploadForm(file=photo, task_id=task_id)
    uploaded = the(201, upload.sync_detailed(client=operator, body=form))
    assert uploaded.width == 1 and uploaded.content_type == "image/png", uploaded
