"""AWS Marketplace's metering service (meteringmarketplace, API 2016-01-14), as the seller calls it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from include.aws.errors import error_from_botocore, refusal_kind
from include.domain.errors import ConfigurationError, RefusedError, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.aws.access import AwsAccess

_SERVICE = "AWS Marketplace"
#: No registration token of a buyer looks like this, so asking for it changes nothing.
_NO_TOKEN = "is-the-service-reachable"  # noqa: S105 (it is none)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call may take.

    Attributes:
        connect_seconds: until a connection is made.
        read_seconds: between two parts of the answer.
    """

    connect_seconds: float = 5
    read_seconds: float = 10


class MeteringMarketplace:
    """The metering service. A call is made once: botocore's own retries are off, because the ledger counts calls."""

    def __init__(self, access: AwsAccess, limits: CallLimits | None = None) -> None:
        self._access, self._limits = access, limits or CallLimits()

    def batch_meter_usage(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Report usage (BatchMeterUsage), once.

        Args:
            request: UsageRecords, and ProductCode where they have no licence; timestamps as ISO 8601.

        Raises:
            RefusedError: AWS took none of it; `code`, and errors.refusal_kind of it, say why.
            RetriableError: it failed for now, or was not answered.
            UnexpectedAnswerError: the answer has no shape that is known.
            ConfigurationError: boto3 could not be set up.
        """
        return self._call("BatchMeterUsage", "batch_meter_usage", request)

    def check_reachable(self) -> None:
        """Ask for a buyer who does not exist (ResolveCustomer), which changes nothing; any refusal is an answer.

        Raises:
            RetriableError: it failed for now, or was not answered.
            UnexpectedAnswerError: the answer has no shape that is known.
            ConfigurationError: boto3 could not be set up.
        """
        self._refusal_of_no_token()

    def check_access(self) -> None:
        """The same, where the access must be good as well.

        Raises:
            RefusedError: AWS does not accept the key, or the key may not do it.
            RetriableError: it failed for now, or was not answered.
            UnexpectedAnswerError: the answer has no shape that is known.
            ConfigurationError: boto3 could not be set up.
        """
        refusal = self._refusal_of_no_token()
        if refusal_kind(refusal.code) != "other":
            raise refusal

    def _refusal_of_no_token(self) -> RefusedError:
        """How AWS refuses a token that is none."""
        try:
            self._call("ResolveCustomer", "resolve_customer", {"RegistrationToken": _NO_TOKEN})
        except RefusedError as refusal:
            return refusal
        raise UnexpectedAnswerError(f"{_SERVICE} ResolveCustomer answered for a token that is none.")

    def _call(self, action: str, method: str, request: Mapping[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        name = f"{_SERVICE} {action}"
        client = self._client
        try:
            answer = getattr(client, method)(**request)
        except (BotoCoreError, ClientError) as error:
            # Botocore's exception may hold the request, so it is not chained.
            failure = error_from_botocore(name, error, self._access)
        except (AttributeError, KeyError, TypeError, ValueError):
            # What botocore's parser raises for JSON of another shape.
            failure = UnexpectedAnswerError(f"{name} answered in a shape that boto3 does not know.")
        else:
            if isinstance(answer, dict):
                return answer
            failure = UnexpectedAnswerError(f"{name} answered in a shape that boto3 does not know.")
        raise failure from None

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 (boto3 makes its classes from data)
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        access, limits = self._access, self._limits
        settings = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=limits.connect_seconds,
            read_timeout=limits.read_seconds,
            # Where it goes is the connection's to say, not the environment's.
            ignore_configured_endpoint_urls=True,
        )
        try:
            return Session(region_name=access.region_id).client(
                "meteringmarketplace",
                endpoint_url=access.endpoint_url,
                aws_access_key_id=access.access_key_id,
                aws_secret_access_key=access.access_key_secret.get_secret_value(),
                config=settings,
            )
        except (BotoCoreError, ValueError) as error:
            raise ConfigurationError(
                f"boto3 could not be set up for {_SERVICE}: {error} Correct the Airflow connection, or the AWS_… "
                "variables of the environment."
            ) from None
