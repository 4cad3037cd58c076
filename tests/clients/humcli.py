"""An agent written from HumCLI's two pages alone: errors and task management.

Their three functions are unchanged except for the name of the host. `other_side.py` has what the
pages assume: an account, a task to post, the operator's side. Changed are keys, ids, and deadlines,
which are in the past where printed. Left out is what takes hours (the 410, the timeout of
estimates); the server's own tests cover it by advancing a clock.
"""

import base64
import os
import time
import uuid

import requests

from other_side import API, funded, moved, new_task, operator, register

HOST = os.environ["HUMANOPS_URL"]
# A host on which operators must be approved before they can work.
STRICT_HOST = os.environ["HUMANOPS_STRICT_URL"]


# The sample for errors, as printed.
def api_request_with_retry(method, url, max_retries=3, **kwargs):
    for attempt in range(max_retries):
        response = requests.request(method, url, **kwargs)
        
        if response.status_code == 429:
            wait = 2 ** attempt  # Exponential backoff
            time.sleep(wait)
            continue
        
        if response.status_code >= 500:
            wait = 2 ** attempt
            time.sleep(wait)
            continue
        
        return response
    
    raise Exception(f"Failed after {max_retries} retries")


# The sample for task management, as printed.
def wait_for_completion(task_id, api_key, max_wait=3600):
    url = f"{HOST}/api/v1/tasks/{task_id}"
    headers = {"X-API-Key": api_key}
    
    interval = 5  # Start at 5 seconds
    elapsed = 0
    
    while elapsed < max_wait:
        response = requests.get(url, headers=headers)
        task = response.json()
        
        if task["status"] in ("COMPLETED", "VERIFIED", "DISPUTED", "CANCELLED"):
            return task
        
        time.sleep(interval)
        elapsed += interval
        interval = min(interval * 1.5, 60)  # Cap at 60 seconds
    
    raise TimeoutError(f"Task {task_id} did not complete within {max_wait}s")


# The sample for errors, as printed, with a return value.
def post(url, headers, body):
    response = requests.post(url, headers=headers, json=body)

    if response.status_code == 201:
        task = response.json()
        # Success
        return "created", task
    elif response.status_code == 402:
        # Insufficient balance — deposit more funds
        error = response.json()
        print(f"Need more funds: {error['error']}")
        return "funds", error["error"]
    elif response.status_code == 422:
        # Business rule violation — adjust parameters
        error = response.json()
        print(f"Invalid request: {error['error']}")
        return "rule", error["error"]
    else:
        # Unexpected error
        response.raise_for_status()


AGENT = funded(API, "1000")
OPERATOR = register(API, "operator")["operator_id"]
HEADERS = {"X-API-Key": AGENT}
CONFIRMED = {"confirmation_text": "The store was open at two, the sign could be seen."}
UNCLEAR = {"confirmation_text": "Open."}


def task(**changed):
    kind, created = post(f"{API}/tasks", HEADERS, new_task(**changed))
    assert kind == "created", created
    return created["task_id"]


def agent(method, path, **kwargs):
    return api_request_with_retry(method, f"{API}{path}", headers=HEADERS, **kwargs)


def status_of(task_id):
    answer = agent("GET", f"/tasks/{task_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["status"]


def until(task_id, status):
    for _ in range(60):
        if status_of(task_id) == status:
            return
        time.sleep(0.5)
    raise AssertionError(f"{task_id} is not {status} but {status_of(task_id)}")


def refused(answer, status, error):
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.json()["error"] == error, answer.text


def cannot_be_cancelled(task_id):
    answer = agent("POST", f"/tasks/{task_id}/cancel")
    refused(answer, 404, "Task not found or cannot be cancelled")


def management():
    """Follows the page on task management from its first heading to its last."""
    first = task()

    # List your tasks, with a filter and with pages.
    others = [task() for _ in range(3)]
    listed = agent("GET", "/tasks").json()
    for item in listed["data"]:
        for field in ("task_id", "title", "status", "task_type", "reward_usd", "created_at"):
            assert item[field], (field, item)
        assert item["deadline"].endswith("Z") and item["operator_id"] is None
    assert listed["pagination"].items() >= {"limit": 20, "offset": 0, "total": 4}.items()
    assert agent("GET", "/tasks?status=SUBMITTED").json()["pagination"]["total"] == 0
    page = agent("GET", "/tasks?limit=50&offset=100").json()
    assert page["data"] == []
    assert page["pagination"].items() >= {"limit": 50, "offset": 100, "total": 4}.items()
    second = agent("GET", "/tasks?limit=2&offset=2").json()["data"]
    assert [one["task_id"] for one in second] == [one["task_id"] for one in listed["data"][2:]]
    assert agent("GET", "/tasks?limit=1000").json()["pagination"]["limit"] == 100

    # Estimates: one is rejected with the printed reason, then one is approved.
    moved("accept", first, OPERATOR, "ESTIMATE_PENDING", {"estimate_hours": 3})
    assert status_of(first) == "ESTIMATE_PENDING"
    reason = {"reason": "Estimate too high. Expected under 2 hours."}
    answer = agent("POST", f"/tasks/{first}/estimate/reject", json=reason)
    assert answer.status_code == 200 and answer.json()["status"] == "PENDING", answer.text
    assert agent("GET", f"/tasks/{first}").json()["operator"] is None
    moved("accept", first, OPERATOR, "ESTIMATE_PENDING", {"estimate_hours": 1})
    answer = agent("POST", f"/tasks/{first}/estimate/approve")
    assert answer.status_code == 200 and answer.json()["status"] == "ACCEPTED", answer.text

    # Most tasks are verified automatically.
    moved("start", first, OPERATOR, "IN_PROGRESS")
    cannot_be_cancelled(first)
    moved("submit", first, OPERATOR, "SUBMITTED", CONFIRMED)
    done = wait_for_completion(first, AGENT)
    assert done["status"] == "COMPLETED" and done["operator"]["id"] == OPERATOR
    cannot_be_cancelled(first)

    # Review submitted proof that the Guardian cannot judge.
    approved, rejected = others[:2]
    for one in (approved, rejected):
        moved("accept", one, OPERATOR, "ACCEPTED")
        moved("submit", one, OPERATOR, "SUBMITTED", UNCLEAR)
        until(one, "MANUAL_REVIEW")
        cannot_be_cancelled(one)
    seen = agent("GET", f"/tasks/{approved}").json()
    assert seen["proof"]["submittedAt"].endswith("Z"), seen
    assert seen["guardian_result"]["decision"] == "MANUAL_REVIEW"
    assert 50 <= seen["guardian_result"]["confidence"] < 90
    assert seen["guardian_result"]["reasoning"]
    answer = agent("POST", f"/tasks/{approved}/verify", json={"decision": "APPROVE"})
    assert answer.status_code == 200 and answer.json()["status"] == "COMPLETED", answer.text
    answer = agent("POST", f"/tasks/{rejected}/verify", json={"decision": "REJECT"})
    assert answer.status_code == 200 and answer.json()["status"] == "DISPUTED", answer.text
    cannot_be_cancelled(rejected)
    assert wait_for_completion(rejected, AGENT)["status"] == "DISPUTED"

    # Cancel a task in each of the three statuses that allow it.
    pending, estimated, accepted = others[2], task(), task()
    moved("accept", estimated, OPERATOR, "ESTIMATE_PENDING", {"estimate_minutes": 5})
    moved("accept", accepted, OPERATOR, "ACCEPTED")
    for one in (pending, estimated, accepted):
        cancelled = agent("POST", f"/tasks/{one}/cancel").json()
        printed = {"task_id": one, "status": "CANCELLED", "refunded_usd": 17.7}
        assert cancelled.items() >= printed.items(), cancelled
        assert wait_for_completion(one, AGENT)["status"] == "CANCELLED"


def credentials():
    """Follows its last heading. The key pair is fixed; the package's own tests check its content."""
    from_curve = base64.b64encode(bytes.fromhex(
        "04"
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )).decode()
    credential = task(
        task_type="API_KEY_PROCUREMENT", proof_type="ARTIFACT", agent_public_key=from_curve
    )
    path = f"/tasks/{credential}/retrieve-credential"
    missing = "Credential task not found or not completed"
    refused(agent("POST", path), 404, missing)
    envelope = {
        "ciphertext": base64.b64encode(os.urandom(40)).decode(),
        "iv": base64.b64encode(os.urandom(12)).decode(),
        "ephemeralPublicKey": from_curve,
        "algorithm": "ECDH-P256-AES-256-GCM",
        "createdAt": "2026-04-02T14:15:00.000Z",
        "v": 1,
    }
    moved("accept", credential, OPERATOR, "ACCEPTED")
    moved("submit", credential, OPERATOR, "SUBMITTED", {"encrypted_credential": envelope})
    done = wait_for_completion(credential, AGENT)
    assert done["status"] == "COMPLETED" and done["task_domain"] == "CREDENTIAL", done
    answer = agent("POST", path)
    assert answer.status_code == 200 and answer.json()["task_id"] == credential, answer.text
    # The page prints a field for each secret. Sealed, they are one envelope.
    assert answer.json()["encrypted_credential"]["ciphertext"] == envelope["ciphertext"]


def errors_of_agents():
    """Causes each error of the page's table as printed."""
    email = {"name": "my-agent", "email": f"{uuid.uuid4()}@example.com"}
    assert requests.post(f"{API}/agents/register", json=email).status_code == 201
    again = requests.post(f"{API}/agents/register", json=email)
    refused(again, 409, "An agent with this email already exists")

    refused(agent("DELETE", "/agents/keys/key_1"), 404, "API key not found")
    assert agent("GET", "/agents/keys").status_code == 200

    deposit = {"tx_hash": "0x" + os.urandom(32).hex(), "amount_usdc": "5"}
    assert agent("POST", "/agents/deposit/usdc", json=deposit).status_code == 201
    twice = agent("POST", "/agents/deposit/usdc", json=deposit)
    refused(twice, 409, "Transaction already processed")

    poor = {"X-API-Key": funded(API, "50")}
    kind, error = post(f"{API}/tasks", poor, new_task(reward_usd=100))
    assert (kind, error) == ("funds", "Insufficient balance for escrow")
    kind, error = post(f"{API}/tasks", HEADERS, new_task(reward_usd=5))
    assert (kind, error) == ("rule", "Minimum task value is $10")
    sandbox = {"X-API-Key": register(API)["api_key"]}
    kind, error = post(f"{API}/tasks", sandbox, new_task(reward_usd=25))
    assert (kind, error) == ("rule", "Maximum task value for SANDBOX tier is $10")

    for body, headers, status in ((new_task(), {}, 401), ({"title": ""}, HEADERS, 400)):
        try:
            post(f"{API}/tasks", headers, body)
            raise AssertionError("the request was taken")
        except requests.HTTPError as error:
            assert error.response.status_code == status, error.response.text
            assert isinstance(error.response.json()["error"], str)

    one = task()
    refused(agent("GET", "/tasks/task_abc123"), 404, "Task not found")
    foreign = requests.get(f"{API}/tasks/{one}", headers=poor)
    refused(foreign, 404, "Task not found")
    for answer in ("approve", "reject"):
        error = "Task not found or not in ESTIMATE_PENDING status"
        refused(agent("POST", f"/tasks/{one}/estimate/{answer}"), 404, error)
    verdict = agent("POST", f"/tasks/{one}/verify", json={"decision": "APPROVE"})
    refused(verdict, 404, "Task not found or not in reviewable status")
    retrieved = agent("POST", f"/tasks/{one}/retrieve-credential")
    refused(retrieved, 404, "Credential task not found or not completed")
    return one


def errors_of_operators(one):
    """Causes each error of its second table."""
    email = {"name": "Jane Doe", "email": f"{uuid.uuid4()}@example.com"}
    assert requests.post(f"{API}/operator/register", json=email).status_code == 201
    again = requests.post(f"{API}/operator/register", json=email)
    refused(again, 409, "An operator with this email already exists")

    strict = f"{STRICT_HOST}/api/v1"
    unchecked = register(strict, "operator")
    assert unchecked["kyc_status"] == "PENDING", unchecked
    pending = operator("accept", one, unchecked["operator_id"], api=strict)
    refused(pending, 403, "KYC verification required before accepting tasks")

    other = register(API, "operator")["operator_id"]
    not_submittable = "Task not found or not in submittable status"
    refused(operator("submit", one, OPERATOR, CONFIRMED), 404, not_submittable)
    moved("accept", one, OPERATOR, "ACCEPTED")
    refused(operator("accept", one, other), 404, "Task not found or already claimed")
    refused(operator("withdraw", one, other), 404, "Task not found or not claimed by you")
    moved("withdraw", one, OPERATOR, "PENDING")

    headers = {"X-Operator-Id": other}
    payout = {"amount_usd": 50, "payoneer_payee_id": "payee_123"}
    answer = requests.post(f"{API}/operator/payout", headers=headers, json=payout)
    refused(answer, 402, "Insufficient available balance")
    answer = requests.get(f"{API}/operator/payout/status/payout_abc", headers=headers)
    refused(answer, 404, "Payout not found")


def limit():
    """Runs the backoff of the page, which succeeds unless the minute outlasts its retries."""
    url = f"{API}/agents/balance"
    for _ in range(201):
        response = requests.get(url, headers=HEADERS)
        if response.status_code == 429:
            break
    assert response.status_code == 429, "a hundred a minute, so after two hundred it is reached"
    assert isinstance(response.json()["error"], str)
    seconds = int(response.headers["Retry-After"])
    try:
        assert api_request_with_retry("GET", url, headers=HEADERS).status_code == 200
        assert seconds <= 5, f"let in before {seconds} s were over"
    except Exception as error:
        if str(error) != "Failed after 3 retries":
            raise
        assert seconds >= 3, f"still refused after {seconds} s"


management()
credentials()
errors_of_operators(errors_of_agents())
limit()
