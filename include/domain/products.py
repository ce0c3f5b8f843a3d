"""What is particular to one product, as values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Payment = Literal["payg", "prepaid"]
MerchantOfRecord = Literal["marketplace", "seller"]


class AkuRules(BaseModel):
    """The smallest and the largest size of one Kafka instance, in AKU, and where a console says it.

    Attributes:
        fields: fields of an instance's `spec` with the billable size, in order: the first that has a value counts. An
            instance that has none of them has no known size, which is not 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    minimum: int = Field(ge=1)
    maximum: int = Field(ge=1)
    fields: list[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,63}$")]] = Field(min_length=1)


class MachineTags(BaseModel):
    """Keys of the tags by which a machine with the paid image says whose it is, besides Compute Nest's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    environment: str
    instance: str


class MeteringItem(BaseModel):
    """What a marketplace charges of the product, and who measures it.

    Attributes:
        channel: the marketplace, a channel of the catalogue.
        dimension: the item's id there.
        key: its unit there, as Alibaba names units: Period is seconds.
        quantity_unit_seconds: AKU-seconds in one unit of what is reported: 1, or 3600 where the marketplace takes whole
            AKU-hours. What is left of a whole unit is carried to the instance's next hour.
        measured_by: as Compute Nest names it. The vendor reports usage of Custom ones only; the marketplace measures
            others itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    channel: str
    dimension: str
    key: str
    quantity_unit_seconds: int = Field(default=1, ge=1, le=86_400)
    measured_by: Literal["Custom", "ComputeNestBill", "ComputeNestPrometheus", "ComputeNestTime"]


class FocusService(BaseModel):
    """How cost exports in FOCUS classify the product; both words are of the specification's lists."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    category: str
    subcategory: str


class Product(BaseModel):
    """One product of the catalogue: names, ids at the cloud, regions, limits, and the price plan of each payment.

    Attributes:
        marketplace: name of the Marketplace, as printed on documents.
        metering_items: what the marketplace charges; at most one, because each item has all of the AKU-seconds.
        collected_by: who takes the buyer's money: the marketplace, with its own invoice, or the seller.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    title: str
    category: str
    seller: str
    seller_time_zone: str
    marketplace: str
    collected_by: MerchantOfRecord
    focus_service: FocusService
    service_id: str
    service_region: str
    product_code: str
    sku_payg: str
    sku_prepaid: str
    paid_image_product_code: str
    machine_tags: MachineTags
    metering_items: list[MeteringItem] = Field(max_length=1)
    site: str
    regions: dict[str, str] = Field(min_length=1)
    contact: str
    aku: AkuRules
    licence_terms_months: list[int] = Field(min_length=1)
    price_plans: dict[Payment, str]

    def printed_facts(self) -> dict[str, object]:
        """What documents print of the product and its seller, to be kept with each document."""
        return self.model_dump(include={*PRINTED, "regions"})


#: What documents print of a product, besides the region's name.
PRINTED = ("title", "seller", "marketplace", "collected_by", "contact")
