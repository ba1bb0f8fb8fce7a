import os
import uuid

import requests
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

url = os.environ["MLFLOW_TRACKING_URI"]
client = MlflowClient()


def fresh(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def refused(call, code="INVALID_PARAMETER_VALUE", what="this"):
    try:
        call()
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code}: {error}"
        return str(error)
    raise AssertionError(f"{what} should have been refused")


def ask(method, path, body=None, /, **query):
    """Status and JSON of a plain request; `path` below /api/2.0/mlflow unless it starts with a slash."""
    whole = path if path.startswith("/") else "/api/2.0/mlflow/" + path
    answer = requests.request(method, url + whole, json=body, params=query, timeout=60)
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, answer.text


def bad(method, path, body=None, /, code="INVALID_PARAMETER_VALUE", status=400, **query):
    got, answer = ask(method, path, body, **query)
    assert got == status and answer["error_code"] == code, (got, answer)
    return answer["message"]
