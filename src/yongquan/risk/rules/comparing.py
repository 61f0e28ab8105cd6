"""What one book changes of another, rule by rule. Pure."""

from dataclasses import dataclass, replace
from typing import Literal

from yongquan.risk.rules.model import Rule, RuleBook


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule that is new, gone, or says something else; `before` and `after` as far as there are any."""

    step: Literal["added", "removed", "changed"]
    before: Rule | None
    after: Rule | None

    @property
    def rule(self) -> Rule:
        """The rule as it will be, or as it was."""
        found = self.after or self.before
        if found is None:
            raise LookupError("a change is of a rule")
        return found


def compare_books(before: RuleBook, after: RuleBook) -> list[RuleChange]:
    """Changes in the order of the new book, then what is gone; the order of rules and their lines do not matter."""
    old = {rule.rule_id: rule for rule in before.rules}
    new = {rule.rule_id: rule for rule in after.rules}
    changes = [
        RuleChange("changed" if rule_id in old else "added", old.get(rule_id), rule)
        for rule_id, rule in new.items()
        if rule_id not in old or _said(old[rule_id], before) != _said(rule, after)
    ]
    return changes + [RuleChange("removed", rule, None) for rule_id, rule in old.items() if rule_id not in new]


def _said(rule: Rule, book: RuleBook) -> Rule:
    return replace(rule, line=0, is_shadow=rule.is_shadow or book.is_shadow)
