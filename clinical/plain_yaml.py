"""YAML as a person signs it: every value stands where it holds, numbers in plain decimal digits.

YAML itself reads `0277` as 191 and `3:10` as 190, and one alias inside another can grow a short
file beyond any memory. A file that decides on treatment may use neither.
"""

import re

import yaml

ALIASES = "aliases are refused: write each value where it holds"

_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_NOT_FINITE = (".inf", ".nan")


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node of the file; an alias raises where it stands."""
        if self.check_event(yaml.AliasEvent):
            alias = self.get_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, ALIASES, alias.start_mark)
        return super().compose_node(parent, index)


def compose(text: str) -> yaml.Node | None:
    """The nodes of a YAML text without an alias in it.

    Raises:
        yaml.YAMLError, RecursionError, ValueError: what is no YAML, and an alias.
    """
    node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    return node


def odd_number(node: yaml.Node) -> bool:
    """Whether a number in this node is written so that a person would read another one."""
    if isinstance(node, yaml.SequenceNode):
        return any(odd_number(item) for item in node.value)
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _NUMBERS:
        return False
    text = node.value.lower()
    return not text.endswith(_NOT_FINITE) and _DECIMAL.fullmatch(text) is None
