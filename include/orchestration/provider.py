"""Tells Airflow of our connection types and their form fields (entry point `apache_airflow_provider`)."""

from __future__ import annotations

from typing import Any


def _field(label: str, description: str, **schema: object) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}


_PROTOCOL = _field(
    "Protocol", "https, or http for an endpoint that speaks nothing else.", enum=["https", "http"], default="https"
)


def get_provider_info() -> dict[str, Any]:
    """What Airflow's provider registry wants to know of this package."""
    return {
        "package-name": "akubill",
        "name": "Marketplace subscription billing",
        "description": "Connections to Alibaba Cloud and AWS accounts, the vault and the Marketplace's callbacks.",
        "connection-types": [
            {
                "connection-type": "alibaba_cloud",
                "hook-name": "Alibaba Cloud account",
                "hook-class-name": "include.orchestration.hooks.AlibabaCloudHook",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {
                        "login": "AccessKey id",
                        "password": "AccessKey secret",
                        "host": "Endpoint (empty: each service's own)",
                    },
                    "placeholders": {"login": "LTAI…", "host": "openapi-gateway.example"},
                },
                "conn-fields": {
                    "account_id": _field("Account id", "The account's id (aliUid)."),
                    "region_id": _field(
                        "Region", "Region that regional services are called in.", default="cn-hangzhou"
                    ),
                    "protocol": _PROTOCOL,
                },
            },
            {
                "connection-type": "aws_marketplace",
                "hook-name": "AWS Marketplace seller",
                "hook-class-name": "include.orchestration.hooks.AwsMarketplaceHook",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {
                        "login": "Access key id",
                        "password": "Secret access key",
                        "host": "Endpoint (empty: the service's own)",
                    },
                    "placeholders": {"login": "AKIA…", "host": "aws-gateway.example"},
                },
                "conn-fields": {
                    "region_id": _field("Region", "Region in which the product is registered.", default="us-east-1"),
                    "protocol": _PROTOCOL,
                },
            },
            {
                "connection-type": "akubill_vault",
                "hook-name": "Billing vault",
                "hook-class-name": "include.orchestration.hooks.VaultHook",
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "port", "schema", "login", "extra"],
                    "relabeling": {"password": "Fernet keys, newest first"},
                },
            },
            {
                "connection-type": "akubill_marketplace",
                "hook-name": "Marketplace callbacks",
                "hook-class-name": "include.orchestration.hooks.CallbackKeysHook",
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "port", "schema", "login", "extra"],
                    "relabeling": {"password": "Security keys, newest first, with a space between"},
                },
            },
        ],
    }
