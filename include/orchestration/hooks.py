"""Hooks behind our connection types; they give the connection form its Test button."""

from __future__ import annotations

from airflow.sdk import BaseHook

from include.domain.errors import AkubillError


class AlibabaCloudHook(BaseHook):
    """An Alibaba Cloud account, vendor's or buyer's."""

    conn_name_attr = "connection_id"
    default_conn_name = "alibaba_vendor"
    conn_type = "alibaba_cloud"
    hook_name = "Alibaba Cloud account"

    def __init__(self, connection_id: str = default_conn_name) -> None:
        super().__init__()
        self.connection_id = connection_id

    def test_connection(self) -> tuple[bool, str]:
        """Make one harmless signed call and say how it went."""
        from include.orchestration.checks import check_cloud_access
        from include.orchestration.connections import cloud_access

        try:
            return True, check_cloud_access(cloud_access(self.connection_id))
        except AkubillError as error:
            return False, str(error)


class AwsMarketplaceHook(BaseHook):
    """The seller's access to AWS Marketplace."""

    conn_name_attr = "connection_id"
    default_conn_name = "aws_seller"
    conn_type = "aws_marketplace"
    hook_name = "AWS Marketplace seller"

    def __init__(self, connection_id: str = default_conn_name) -> None:
        super().__init__()
        self.connection_id = connection_id

    def test_connection(self) -> tuple[bool, str]:
        """Make one harmless signed call and say how it went."""
        from include.aws.metering import MeteringMarketplace
        from include.orchestration.connections import aws_access

        try:
            access = aws_access(self.connection_id)
            MeteringMarketplace(access).check_access()
        except AkubillError as error:
            return False, str(error)
        return True, f"AWS Marketplace in {access.region_id} accepts the key {access.access_key_id}."


class VaultHook(BaseHook):
    """The key for secrets in warehouse columns."""

    conn_name_attr = "connection_id"
    default_conn_name = "akubill_vault"
    conn_type = "akubill_vault"
    hook_name = "Billing vault"

    def __init__(self, connection_id: str = default_conn_name) -> None:
        super().__init__()
        self.connection_id = connection_id

    def test_connection(self) -> tuple[bool, str]:
        """Encrypt and decrypt a probe."""
        from pydantic import SecretStr

        from include.orchestration.connections import vault

        try:
            probe = SecretStr("probe")
            opened = vault().decrypt(vault().encrypt(probe)) == probe
        except AkubillError as error:
            return False, str(error)
        return opened, "The key encrypts and decrypts." if opened else "The key does not open what it encrypted."


class CallbackKeysHook(BaseHook):
    """The keys by which the Marketplace signs its callbacks."""

    conn_name_attr = "connection_id"
    default_conn_name = "marketplace_callbacks"
    conn_type = "akubill_marketplace"
    hook_name = "Marketplace callbacks"

    def __init__(self, connection_id: str = default_conn_name) -> None:
        super().__init__()
        self.connection_id = connection_id

    def test_connection(self) -> tuple[bool, str]:
        """Count the keys; only a callback shows whether they are the Marketplace's."""
        from include.orchestration.connections import callback_keys

        try:
            count = len(callback_keys())
        except AkubillError as error:
            return False, str(error)
        return True, f"{count} {'key' if count == 1 else 'keys'}; callbacks are verified by each."
