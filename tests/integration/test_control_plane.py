"""The local control plane itself: what every other integration test stands on."""

from pathlib import Path

import pytest

from localcluster import pins
from localcluster.api import ApiError
from localcluster.controlplane import ControlPlane


def test_it_is_the_pinned_version(control_plane: ControlPlane) -> None:
    assert control_plane.admin().get("/version")["gitVersion"] == pins.versions().kubernetes


def test_a_plain_user_has_no_rights(control_plane: ControlPlane) -> None:
    with pytest.raises(ApiError) as refusal:
        control_plane.user("alice").get("/api/v1/namespaces/default/pods")
    assert refusal.value.code == 403


def test_a_service_account_is_itself_and_its_token_can_be_renewed(control_plane: ControlPlane) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    control_plane.admin().create(accounts, {"metadata": {"name": "renewed"}})
    file = control_plane.kubeconfig_for_service_account("default", "renewed")
    account = control_plane.service_account("default", "renewed")
    first, second = account.renew(), account.renew(seconds=600)
    assert file == account.kubeconfig
    assert first != second
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = control_plane.client(second).create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert answer["status"]["userInfo"]["username"] == "system:serviceaccount:default:renewed"


def test_everything_it_writes_is_in_its_own_folder(control_plane: ControlPlane) -> None:
    assert Path(control_plane.kubeconfig).is_relative_to(control_plane.folder)
    assert control_plane.ca_file.is_relative_to(control_plane.folder)
