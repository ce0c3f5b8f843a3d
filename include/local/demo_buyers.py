"""Who plays in the demo: the buyers, what they ask for, and how their Kafka clusters lived.

The clusters' sizes follow real traffic (include/sandbox/traffic); no AKU is made up for a bill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """One subscription that a buyer asks for.

    Attributes:
        form: what the operator fills in; account, site and beginning are added.
        traffic: the flows that its Kafka clusters follow.
        file_format: of the file that its history comes in.
    """

    form: dict[str, Any]
    traffic: tuple[dict[str, Any], ...] = ()
    file_format: str = "csv"

    @property
    def environment_name(self) -> str:
        """Name of the environment."""
        return str(self.form["environment_name"])


@dataclass(frozen=True, slots=True)
class Buyer:
    """A cloud account and its orders."""

    account_id: str
    title: str
    orders: tuple[DemoOrder, ...]
    site: str = "china"


def _flow(file: str, peak: float, instances: int) -> dict[str, Any]:
    return {"file": file, "peak_mib_per_second": peak, "instances": instances}


DEMO_BUYERS = (
    Buyer(
        "1650000000000001",
        "Hangzhou shop, pay as you go",
        (
            DemoOrder(
                {"region": "cn-hangzhou", "environment_name": "orders", "network": "vpc-bp1shop", "payment": "payg"},
                (_flow("ec2_network_in_257a54", 240, 2), _flow("elb_request_count_8c0756", 180, 1)),
            ),
        ),
    ),
    Buyer(
        "1650000000000002",
        "Singapore bank, two departments",
        (
            DemoOrder(
                {
                    "region": "ap-southeast-1",
                    "environment_name": "payments",
                    "network": "vpc-t4nbank",
                    "department": "Payments",
                    "payment": "payg",
                },
                (_flow("ec2_network_in_5abac7", 300, 2),),
                "jsonl",
            ),
            DemoOrder(
                {
                    "region": "ap-southeast-1",
                    "environment_name": "fraud",
                    "network": "vpc-t4nbank",
                    "department": "Fraud",
                    "payment": "payg",
                    "first_instance_name": "fraud-live",
                    "first_instance_aku": 4,
                },
                (_flow("elb_request_count_8c0756", 420, 1),),
                "parquet",
            ),
        ),
    ),
    Buyer(
        "1650000000000003",
        "Hong Kong media, prepaid licence",
        (
            DemoOrder(
                {
                    "region": "cn-hongkong",
                    "environment_name": "streams",
                    "network": "vpc-j6cmedia",
                    "payment": "prepaid",
                    "licence_aku": 12,
                    "licence_term_months": 1,
                    "licence_auto_renew": True,
                },
                (_flow("ec2_network_in_257a54", 120, 1), _flow("ec2_network_in_5abac7", 120, 1)),
            ),
        ),
    ),
)

REFUSED = Buyer(
    "1650000000000004",
    "Frankfurt studio, international site",
    (
        DemoOrder(
            {"region": "eu-central-1", "environment_name": "studio", "network": "vpc-gw8studio", "payment": "payg"}
        ),
    ),
    site="international",
)

#: These order at the Marketplace by themselves, and their lives end within the demo; the second one's with faults on.
ORDERED_THERE = Buyer(
    "1650000000000005",
    "Shenzhen games, ordered at the Marketplace",
    (
        DemoOrder(
            {"region": "cn-shenzhen", "environment_name": "matches", "network": "vpc-wz9games"},
            (_flow("ec2_network_in_257a54", 200, 1),),
        ),
    ),
)
DISTURBED = Buyer(
    "1650000000000006",
    "Chengdu maps, the same with faults on",
    (
        DemoOrder(
            {"region": "cn-hangzhou", "environment_name": "tiles", "network": "vpc-bp1maps"},
            (_flow("elb_request_count_8c0756", 240, 1),),
        ),
    ),
)
