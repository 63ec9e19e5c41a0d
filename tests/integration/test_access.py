"""Who may do what: the operator's ServiceAccount, and people through view, edit and admin."""

from collections.abc import Iterable

import pytest

from localcluster import processes
from localcluster.api import Api, Object
from localcluster.controlplane import ControlPlane

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

READ = frozenset({"get", "list", "watch"})
WRITE = frozenset({"create", "update", "patch", "delete", "deletecollection"})

OPERATOR = {
    "workflows": READ,
    "workflows/status": {"update"},
    "executions": READ | {"delete"},
    "executions/status": {"update"},
    "workflowrevisions": READ | {"create", "delete"},
}
VIEW = {
    "workflows": READ,
    "workflows/status": READ,
    "executions": READ,
    "executions/status": READ,
    "workflowrevisions": READ,
}
EDIT = {**VIEW, "workflows": READ | WRITE, "executions": READ | WRITE}


def allowed(api: Api, group: str, resource: str, verbs: Iterable[str], namespace: str) -> set[str]:
    """Return those of *verbs* that the server lets the client's user do."""
    name, _, subresource = resource.partition("/")
    found = set()
    for verb in verbs:
        attributes = {
            "group": group,
            "resource": name,
            "subresource": subresource,
            "verb": verb,
            "namespace": namespace,
        }
        review: Object = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        if api.create(REVIEWS, review)["status"]["allowed"]:
            found.add(verb)
    return found


def test_the_operator_may_do_its_work_and_nothing_else(cluster: ControlPlane, namespace: str) -> None:
    account = cluster.service_account("stepward-system", "stepward")
    api = cluster.client(account.renew())
    for resource, verbs in OPERATOR.items():
        assert allowed(api, "stepward.dev", resource, READ | WRITE, namespace) == verbs, resource
    for resource in ("secrets", "configmaps", "pods", "serviceaccounts", "serviceaccounts/token", "events"):
        assert not allowed(api, "", resource, READ | WRITE, namespace), resource
    assert not allowed(api, "rbac.authorization.k8s.io", "clusterroles", WRITE | {"bind", "escalate"}, "")
    assert not allowed(api, "apiextensions.k8s.io", "customresourcedefinitions", READ | WRITE, "")


@pytest.mark.parametrize("user, role, rights", [("alice", "view", VIEW), ("bob", "edit", EDIT)])
def test_people_get_their_rights_through_the_roles_of_the_cluster(
    user: str, role: str, rights: dict[str, frozenset[str]], cluster: ControlPlane, namespace: str
) -> None:
    cluster.admin().create(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
        {
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        },
    )
    api = cluster.user(user)

    def is_bound() -> bool:
        # A controller copies our rules into the cluster's roles, a moment after they were applied.
        return bool(allowed(api, "stepward.dev", "workflows", rights["workflows"], namespace))

    processes.wait_until(f"{role} is aggregated", is_bound, timeout_seconds=20)
    for resource, verbs in rights.items():
        assert allowed(api, "stepward.dev", resource, READ | WRITE, namespace) == verbs, resource
    assert not allowed(api, "stepward.dev", "executions", READ | WRITE, "default"), "in its namespace alone"


def test_nobody_is_given_write_access_to_a_status(cluster: ControlPlane) -> None:
    listed = cluster.admin().get("/apis/rbac.authorization.k8s.io/v1/clusterroles")["items"]
    writers = {
        role["metadata"]["name"]
        for role in listed
        for rule in role.get("rules") or ()
        if "stepward.dev" in rule.get("apiGroups", ())
        if any(resource.endswith("/status") for resource in rule["resources"])
        if WRITE.intersection(rule["verbs"])
    }
    assert writers == {"stepward-operator"}


def test_no_role_of_ours_has_a_wildcard(cluster: ControlPlane) -> None:
    listed = cluster.admin().get("/apis/rbac.authorization.k8s.io/v1/clusterroles")["items"]
    ours = [role for role in listed if role["metadata"]["name"].startswith("stepward-")]
    assert len(ours) == 3
    for role in ours:
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
