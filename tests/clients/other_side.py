"""What HumCLI's two pages assume: an account with a balance, a task, and the operator's side.

It follows the HumanOps API reference, to which they belong.
"""

import datetime
import os
import uuid

import requests

API = f"{os.environ['HUMANOPS_URL']}/api/v1"


def register(api, kind="agents"):
    body = {"name": "Jane Doe", "email": f"{uuid.uuid4()}@example.com"}
    answer = requests.post(f"{api}/{kind}/register", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def funded(api, amount):
    key = register(api)["api_key"]
    deposit = {"tx_hash": "0x" + os.urandom(32).hex(), "amount_usdc": amount}
    answer = requests.post(f"{api}/agents/deposit/usdc", headers={"X-API-Key": key}, json=deposit)
    assert answer.status_code == 201, answer.text
    return key


def operator(deed, task, who, body=None, api=API):
    url = f"{api}/operator/tasks/{task}/{deed}"
    return requests.post(url, headers={"X-Operator-Id": who}, json=body)


def moved(deed, task, who, status, body=None):
    answer = operator(deed, task, who, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == status, answer.text


def new_task(**changed):
    deadline = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
    return {
        "title": "Verify store opening",
        "description": "Say whether the store is open.",
        "location": {"lat": 40.7128, "lng": -74.006, "address": "123 Main St, NY"},
        "reward_usd": 15,
        "deadline": deadline.isoformat().replace("+00:00", "Z"),
        "proof_requirements": ["The store is open"],
        "task_type": "VERIFICATION",
        "proof_type": "CONFIRMATION",
        **changed,
    }
