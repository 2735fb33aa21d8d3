"""Speaks to a server through the Python client: `calls.py`, and on standard input a JSON object of what to do.

`action` is a function below, `server_url` the address; `credential` and `tenant` are arguments of the client and of each
call. Prints one JSON value. An error is {"error": class, "status": number or null, "message": text}.
"""

import asyncio
import json
import sys

from outpost_sdk import Outpost, models
from outpost_sdk.utils import BackoffStrategy, RetryConfig

DESTINATION_ID = "user-provided-id"
OPERATIONS = ["list", "create", "get", "update", "delete", "enable", "disable"]


def client(task, **more):
    return Outpost(server_url=task["server_url"], security=models.Security(**task["credential"]), **more)


def arguments(operation, create, update=None):
    """What the documentation's example gives to each operation, unless the task has its own."""
    if operation == "list":
        return {}
    if operation == "update" and update is not None:
        return {"destination_id": DESTINATION_ID, "destination_update": update}
    if operation == "create":
        return {"destination_create": create}
    if operation == "update":
        return {
            "destination_id": DESTINATION_ID,
            "destination_update": {
                "topics": models.TopicsEnum.WILDCARD_,
                "config": {
                    "server_url": "localhost:5672",
                    "exchange": "my-exchange",
                    "tls": models.TLS.FALSE,
                },
                "credentials": {
                    "username": "guest",
                    "password": "guest",
                },
            },
        }
    return {"destination_id": DESTINATION_ID}


def create_example(form):
    """The example's destination. From Python 3.11 on, the client refuses the member of its own enum in a plain dict."""
    settings = {
        "id": DESTINATION_ID,
        "topics": models.TopicsEnum.WILDCARD_,
        "config": {
            "server_url": "localhost:5672",
            "exchange": "my-exchange",
            "tls": models.TLS.FALSE,
        },
        "credentials": {
            "username": "guest",
            "password": "guest",
        },
    }
    if form == "text":
        return {**settings, "type": "rabbitmq"}
    member = models.DestinationCreateRabbitMQType.RABBITMQ
    if form == "dict":
        return {**settings, "type": member}
    config = models.RabbitMQConfig(**settings.pop("config"))
    credentials = models.RabbitMQCredentials(**settings.pop("credentials"))
    return models.DestinationCreateRabbitMQ(type=member, config=config, credentials=credentials, **settings)


def shown(answer):
    if isinstance(answer, list):
        return [shown(one) for one in answer]
    return answer.model_dump(mode="json")


def failure(error):
    return {
        "error": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "message": str(error),
    }


def example(task):
    """The seven examples, in an order that leaves nothing behind."""
    create = task.get("create") or create_example(task.get("form", "typed"))
    update = task.get("update")
    order = ["create", "list", "get", "update", "disable", "enable", "delete"]
    per_call = task.get("tenant_of_call", {})

    def sync():
        with client(task, **task.get("tenant_of_client", {})) as outpost:
            for operation in order:
                method = getattr(outpost.destinations, operation)
                yield operation, shown(method(**arguments(operation, create, update), **per_call))

    async def asynchronous():
        answers = []
        async with client(task, **task.get("tenant_of_client", {})) as outpost:
            for operation in order:
                method = getattr(outpost.destinations, operation + "_async")
                answers.append((operation, shown(await method(**arguments(operation, create, update), **per_call))))
        return answers

    return dict(asyncio.run(asynchronous()) if task["is_async"] else sync())


def batch(task):
    """Several tasks in one process, since it takes long to start; one that fails doesn't keep the others from running."""
    results = []
    for one in task["tasks"]:
        try:
            results.append(globals()[one["action"]](one))
        except Exception as error:
            results.append(failure(error))
    return results


def attempt(task):
    """One call, and the error if there is one."""
    with client(task, **task.get("tenant_of_client", {})) as outpost:
        try:
            return shown(getattr(outpost.destinations, task["operation"])(**task["arguments"]))
        except Exception as error:
            return failure(error)


def publish(task):
    """Publishes an event."""
    with client(task) as outpost:
        return shown(outpost.publish.event(**task["event"]))


def form(task):
    """Whether the client itself takes this way to write the create example."""
    with client(task, tenant_id="t") as outpost:
        try:
            return shown(outpost.destinations.create(destination_create=create_example(task["form"])))
        except Exception as error:
            return failure(error)


def table(task):
    """Every operation for each tenant, which stands for an answer of the server."""
    rows = []
    create = create_example("typed")
    with client(task) as outpost:
        for tenant in task["tenants"]:
            for operation in OPERATIONS:
                method = getattr(outpost.destinations, operation)
                try:
                    method(**arguments(operation, create), tenant_id=tenant)
                    rows.append([tenant, operation, None])
                except Exception as error:
                    rows.append([tenant, operation, failure(error)])
    return rows


def retries(task):
    """Each operation with retries of its own. The time they may take is generous, so that a slow machine has enough."""
    config = RetryConfig("backoff", BackoffStrategy(1, 50, 1.1, 60_000), False)
    create = create_example("typed")
    with client(task, tenant_id="t") as outpost:
        for operation in OPERATIONS:
            getattr(outpost.destinations, operation)(**arguments(operation, create), retries=config)
    return True


task = json.load(sys.stdin)
print(json.dumps(globals()[task["action"]](task)))
