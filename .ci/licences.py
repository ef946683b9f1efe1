"""Holds the licences of all dependencies to deny.toml, where cargo-deny is not installed.

A licence expression passes when the allowed licences satisfy it. Dependencies come from the public registry alone, and none of
those that deny.toml bans is among them.
"""

import json
import re
import subprocess
import sys
import tomllib


def satisfied(expression, allowed):
    """Whether `allowed` satisfies an SPDX expression; a slash is the old way to write OR."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def take():
        nonlocal position
        position += 1
        return tokens[position - 1]

    def peek():
        return tokens[position] if position < len(tokens) else None

    def either():
        result = both()
        while peek() == "OR":
            take()
            result = both() or result
        return result

    def both():
        result = one()
        while peek() == "AND":
            take()
            result = one() and result
        return result

    def one():
        token = take()
        if token == "(":
            result = either()
            if take() != ")":
                raise ValueError("a bracket is not closed")
            return result
        if peek() == "WITH":
            take()
            token = f"{token} WITH {take()}"
        return token in allowed

    result = either()
    if peek() is not None:
        raise ValueError(f"unexpected {peek()!r}")
    return result


def main():
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    allowed = set(rules["licenses"]["allow"])
    banned = {ban["crate"] for ban in rules["bans"]["deny"]}
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    wrong = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        try:
            if not satisfied(package["license"] or "", allowed):
                wrong.append(f"{name}: licence {package['license']!r} is not allowed")
        except (IndexError, ValueError) as error:
            wrong.append(f"{name}: licence {package['license']!r} cannot be read: {error}")
        if package["name"] in banned:
            wrong.append(f"{name}: banned")
        if package["source"] and not package["source"].startswith("registry+"):
            wrong.append(f"{name}: comes from {package['source']}")
    print("\n".join(wrong) or f"{len(packages)} packages, all under allowed licences")
    return bool(wrong)


sys.exit(main())
