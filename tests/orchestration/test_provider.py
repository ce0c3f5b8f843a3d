"""Airflow knows our connection types and their form fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.sandbox import SandboxHandle

pytestmark = pytest.mark.slow


def test_connection_types_are_registered_with_their_hooks_and_form_fields(airflow: None) -> None:
    from airflow.providers_manager import ProvidersManager
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

    hooks = ProvidersManagerTaskRuntime().hooks
    assert hooks["alibaba_cloud"].hook_name == "Alibaba Cloud account"
    assert hooks["aws_marketplace"].hook_name == "AWS Marketplace seller"
    assert hooks["akubill_vault"].hook_name == "Billing vault"
    assert hooks["akubill_marketplace"].hook_name == "Marketplace callbacks"
    fields = {name for name in ProvidersManager().connection_form_widgets if "alibaba_cloud" in name}
    assert {name.rsplit("__", 1)[-1] for name in fields} == {"account_id", "region_id", "protocol"}


def test_the_vaults_test_button_says_that_the_key_works(airflow_connections: pytest.MonkeyPatch) -> None:
    from include.orchestration.hooks import VaultHook

    assert VaultHook().test_connection() == (True, "The key encrypts and decrypts.")


def test_the_callbacks_test_button_counts_the_keys_and_does_not_show_them(
    airflow_connections: pytest.MonkeyPatch,
) -> None:
    from include.orchestration.hooks import CallbackKeysHook
    from tests.support.airflow import connection_json

    assert CallbackKeysHook().test_connection()[0] is False
    held = connection_json(conn_type="akubill_marketplace", password="first-key second-key")
    airflow_connections.setenv("AIRFLOW_CONN_MARKETPLACE_CALLBACKS", held)
    assert CallbackKeysHook().test_connection() == (True, "2 keys; callbacks are verified by each.")


def test_the_sellers_test_button_says_whether_aws_accepts_the_key(
    airflow_connections: pytest.MonkeyPatch, sandbox: SandboxHandle
) -> None:
    from include.orchestration.hooks import AwsMarketplaceHook
    from tests.support.airflow import connection_json

    assert AwsMarketplaceHook().test_connection()[0] is False
    seller = sandbox.account("vendor", site="aws")
    held = {"conn_type": "aws_marketplace", "login": seller.access_key_id, "host": "127.0.0.1", "port": sandbox.port}
    for secret, works in ((seller.access_key_secret, True), ("another", False)):
        key = connection_json(**held, password=secret, extra={"protocol": "http"})
        airflow_connections.setenv("AIRFLOW_CONN_AWS_SELLER", key)
        worked, sentence = AwsMarketplaceHook().test_connection()
        assert worked is works
        assert seller.access_key_id in sentence
        assert secret not in sentence


def test_the_accounts_test_button_says_what_is_missing(airflow_connections: pytest.MonkeyPatch) -> None:
    from include.orchestration.hooks import AlibabaCloudHook

    worked, sentence = AlibabaCloudHook("alibaba_unknown").test_connection()
    assert not worked
    assert "alibaba_unknown is missing" in sentence
