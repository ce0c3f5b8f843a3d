"""The regions of Alibaba Cloud, so that a mistyped region is distinguished from one that a product does not support."""

from __future__ import annotations

from difflib import get_close_matches

#: Public regions, as Alibaba Cloud's page "Regions and zones" lists them.
CLOUD_REGIONS = frozenset(
    {
        "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu", "cn-hangzhou", "cn-shanghai",
        "cn-nanjing", "cn-fuzhou", "cn-wuhan-lr", "cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu",
        "cn-zhengzhou-jva", "cn-hongkong", "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2",
        "ap-southeast-3", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ap-south-1", "us-east-1", "us-west-1",
        "us-southeast-1", "na-south-1", "eu-west-1", "eu-central-1", "me-east-1", "me-central-1",
    }
)  # fmt: skip


def similar_region(text: str) -> str | None:
    """The region that was probably meant, if one is close."""
    return next(iter(get_close_matches(text.lower(), sorted(CLOUD_REGIONS), n=1, cutoff=0.8)), None)
