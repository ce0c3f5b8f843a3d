"""Every package that requirements.lock pins has a licence under which we may ship it with the product."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata

from include.local.state import ROOT

PINNED = re.compile(r"^([\w.-]+)==", re.MULTILINE)
#: Licences that ask for no more than their text beside the product, by their SPDX names.
FREE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
FREE |= {"Zlib"}
#: The same as older packages write them.
ALSO = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
#: Others, and why each is all right.
AGREED = {
    "certifi": "MPL 2.0: used as it is; changes to its own files would have to be published",
    "pathspec": "MPL 2.0: used as it is; changes to its own files would have to be published",
    "psycopg": "LGPL 3: a library that anybody can replace in the environment",
    "psycopg-binary": "LGPL 3: a library that anybody can replace in the environment",
    "psycopg2-binary": "LGPL 3: a library that anybody can replace in the environment",
    "text-unidecode": "Artistic licence or GPL: we take the first",
}
#: For other Pythons or platforms than this one; looked up by hand.
ELSEWHERE = {"async-timeout": "Apache-2.0", "colorama": "BSD-3-Clause", "pyyaml-ft": "MIT", "tzdata": "Apache-2.0"}


def licences_of(package: str) -> set[str]:
    """The licences that the installed package names; none where it names none."""
    said = metadata(package).json
    kinds = [name.split(" :: ")[-1] for name in said.get("classifier", []) if name.startswith("License ::")]
    plain = str(said.get("license", "")).strip().partition("\n")[0]
    written = str(said.get("license_expression") or "; ".join(kinds) or plain)
    names = re.split(r"; | AND | OR ", written) if written else []
    return {ALSO.get(name) or name.strip("()") for name in names}


def test_every_pinned_package_has_a_licence_that_we_may_ship() -> None:
    wrong = {}
    for package in sorted(set(PINNED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")))):
        try:
            found = licences_of(package)
        except PackageNotFoundError:
            found = {ELSEWHERE[package]} if package in ELSEWHERE else {"not installed here; add it to ELSEWHERE"}
        if package not in AGREED and (not found or not found <= FREE):
            wrong[package] = found
    assert wrong == {}, "find another package, or say in AGREED why it is all right"


def test_what_was_agreed_is_still_needed() -> None:
    pinned = set(PINNED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8")))
    assert set(AGREED) <= pinned
